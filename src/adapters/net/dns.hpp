// Names to addresses without blocking: literals, /etc/hosts and DNS, each answer kept for its TTL.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "adapters/net/ares_channel.hpp"
#include "adapters/net/dns_cache.hpp"
#include "base/time.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::net {

struct ResolverSettings {
  DnsServers servers{};
  DnsCacheLimits cache{};
  // How long a refresh may keep a caller waiting when an expired address is at hand.
  base::Duration stale_wait = std::chrono::milliseconds(500);
};

struct ResolveError {
  enum class Kind : std::uint8_t { failed, deadline };
  Kind kind = Kind::failed;
  std::string message;  // names the host
};

class Resolver {
 public:
  explicit Resolver(runtime::EpollLoop& loop, ResolverSettings settings = {});
  // Look-ups under way fail.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `host`: a name, or an address without brackets. One look-up per name is in flight, whoever waits for it;
  // it goes on when a caller's `until` ends its wait.
  runtime::Task<std::expected<AddressList, ResolveError>> resolve(std::string host, base::TimePoint until);

  std::uint64_t look_ups() const;  // sent to /etc/hosts and DNS so far

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the callers that wait
};

}  // namespace dujiang::adapters::net
