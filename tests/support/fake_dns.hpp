// A DNS server on loopback that answers what a test tells it to, or keeps silent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/epoll_loop.hpp"

namespace dujiang::testing {

struct DnsReply {
  enum class Code : std::uint8_t { ok = 0, server_failure = 2, no_such_name = 3 };
  Code code = Code::ok;
  std::vector<std::string> addresses{};  // of the family asked for
  std::uint32_t ttl = 0;
};

struct DnsQuestion {
  std::string name;  // without the final dot
  bool v6 = false;   // AAAA rather than A
};

class FakeDns {
 public:
  // No reply: the question is never answered.
  using Answer = std::function<std::optional<DnsReply>(const DnsQuestion&)>;

  // Where it listens; on any free port where that is 0.
  struct Place {
    const char* ip = "127.0.0.1";
    std::uint16_t port = 0;
  };

  FakeDns(runtime::EpollLoop& loop, Answer answer, const Place& place);
  FakeDns(runtime::EpollLoop& loop, Answer answer) : FakeDns(loop, std::move(answer), Place{}) {}
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  const std::string& ip() const;
  std::uint16_t port() const;
  std::string address() const;                        // "127.0.0.1:PORT"
  const std::vector<std::string>& questions() const;  // "A api.test", in the order they came

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::testing
