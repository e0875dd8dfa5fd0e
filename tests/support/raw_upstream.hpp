// An upstream made of bytes: remembers the requests that it hears and says what a test tells it to.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/headers.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::testing {

struct HeardRequest {
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;

  std::string header(std::string_view name) const {
    return std::string(headers.get(name).value_or("(none)"));
  }
};

// A port at which connections are refused for as long as this lives.
class ClosedPort {
 public:
  ClosedPort();
  ClosedPort(ClosedPort&& other) noexcept : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}
  ClosedPort& operator=(ClosedPort&&) = delete;
  ~ClosedPort();

  std::uint16_t port() const { return port_; }
  // From now on connections are taken; nobody may ever speak on them.
  void open() const;
  int fd() const { return fd_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

// Serves one connection at a time, on a thread of its own, one request after the other.
class RawUpstream {
 public:
  // Answers a request; false closes the connection, and so does a peer who is gone.
  using Answer = std::function<bool(RawSocket& socket, const HeardRequest& request)>;

  explicit RawUpstream(Answer answer, ClosedPort at = {});
  RawUpstream(const RawUpstream&) = delete;
  RawUpstream& operator=(const RawUpstream&) = delete;
  ~RawUpstream();

  std::uint16_t port() const { return at_.port(); }
  std::vector<HeardRequest> heard() const;

 private:
  void serve();
  void serve_connection(int fd);

  Answer answer_;
  ClosedPort at_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<HeardRequest> heard_;
  std::thread thread_;
};

// Always the same bytes.
RawUpstream::Answer says(std::string bytes);

// Answers with their lengths; `fields` of the head end in CRLF.
std::string json_answer(int status, std::string_view body, std::string_view fields = {});
std::string event_answer(const std::vector<std::string>& datas, std::string_view fields = {});

// One chunk of a streamed answer whose delta is `delta`, an object; `finish` is a JSON value.
std::string chunk_of(std::string_view delta, std::string_view finish = "null");

}  // namespace dujiang::testing
