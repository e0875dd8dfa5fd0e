// The gateway as its users start it, before an upstream whose every byte the test writes.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "component/app/child.hpp"
#include "support/http_answer.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::testing {

// Listens on loopback; the test accepts, reads and writes.
class Upstream {
 public:
  Upstream();
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  std::uint16_t port() const { return port_; }
  RawSocket accept() const;

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

// The head of a stream that ends with its connection, and events for it.
std::string stream_head();
std::string content_event(const std::string& text);
std::string end_events();

class AppTest : public ::testing::Test {
 public:
  ~AppTest() override;

 protected:
  AppTest();

  // A folder that is empty at first and gone afterwards.
  const std::string& folder() const { return folder_; }
  std::string write_file(const std::string& name, const std::string& content) const;

  // Starts `dujiang serve` with the upstream and the given lines at the top of its configuration; returns
  // when it has said that it is ready.
  void serve(const std::string& more = "", unsigned descriptors = 0);

  // Sends a request for a stream.
  RawSocket ask_for_stream() const;
  RawSocket connect() const { return RawSocket(port_); }
  // One GET on a connection of its own.
  HttpAnswer get(const std::string& path) const;

  std::string folder_;
  Upstream upstream_;
  std::unique_ptr<Child> gateway_;
  std::uint16_t port_ = 0;
  std::string ready_line_;
};

// Runs `dujiang` with these arguments to its end.
struct Ended {
  int status = 0;
  std::string output;
  std::string error;
};
Ended run_dujiang(const Child::Setup& setup);

}  // namespace dujiang::testing
