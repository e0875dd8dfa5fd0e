// A busy server in the test's own process, and a plain blocking caller that tells how a connection ended.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/epoll_loop.hpp"
#include "sim/options.hpp"
#include "sim/server.hpp"

namespace dujiang::sim {

// How what was received ended.
enum class End { complete, eof, reset };

struct Reply {
  int status = 0;
  std::string head;  // with its final line
  std::string body;  // without framing
  std::string raw;   // everything, as it came
  std::vector<std::string> reads;
  End end = End::eof;

  bool has_field(std::string_view line) const { return head.contains(line); }
};

class Caller {
 public:
  explicit Caller(std::uint16_t port);
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { hang_up(); }

  void send(std::string_view bytes) const;
  // Reads one answer to its end.
  Reply receive();
  // Reads until `text` has come, or so many bytes; what was read.
  std::string receive_until(std::string_view text) const;
  std::string receive_bytes(std::size_t least) const;
  void hang_up();

 private:
  // Empty at the end, which it notes in `end`.
  std::string read_some(End& end) const;

  int fd_ = -1;
  std::string left_over_;
};

// `"messages":[{"role":"user","content":PROMPT}],"model":…,` plus `more` members.
std::string chat_body(std::string_view prompt, bool stream, std::string_view more = {});

std::string post(std::string_view path, std::string_view body, std::string_view fields = {});

class SimTest : public testing::Test {
 public:
  ~SimTest() override { stop(); }

 protected:
  // A thousand scenario seconds pass in a real one unless told otherwise.
  void start(std::string_view scenario = "calm", double speed = 1000);
  void start(Options options);
  void stop();

  std::uint16_t port() const { return port_; }

  // One call on a connection of its own.
  Reply call(std::string_view path, std::string_view body, std::string_view fields = {}) const;
  Reply get(std::string_view path) const;
  Reply chat(std::string_view prompt, bool stream, std::string_view more = {}) const {
    return call("/v1/chat/completions", chat_body(prompt, stream, more));
  }
  std::uint64_t stat(std::string_view name) const;
  // Waits until a number of /sim/stats has that value.
  void expect_stat(std::string_view name, std::uint64_t value) const;

 private:
  std::unique_ptr<runtime::EpollLoop> loop_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

// The data of each event; comments are left out.
std::vector<std::string> events(std::string_view body);

// What the deltas say together, and what came with them.
struct Streamed {
  std::string content;
  std::string reasoning;
  std::string finish_reason;
  std::size_t deltas = 0;  // with content or reasoning in them
  std::size_t dones = 0;
};
Streamed streamed(std::string_view body);

std::string content_of(std::string_view whole);

}  // namespace dujiang::sim
