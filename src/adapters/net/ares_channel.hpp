// c-ares on the loop: its sockets are watched by the reactor, its time-outs by one timer of the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/address.hpp"
#include "base/result.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::adapters::net {

struct DnsServers {
  // "127.0.0.1:5353,[::1]:53"; empty: those of resolv_conf, read again when that file changes.
  std::string addresses{};
  std::string resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;                          // of those in resolv_conf, which names none
  std::chrono::milliseconds attempt_timeout{2000};  // the first; it doubles with each round over the servers
  int attempts = 3;                                 // per server
};

struct DnsAnswer {
  std::vector<SocketAddress> addresses{};  // not empty; sorted by RFC 6724; port 0
  std::chrono::seconds ttl{0};             // the least of the records'; 0 for what /etc/hosts says
};

class AresChannel {
 public:
  using Done = std::function<void(base::Result<DnsAnswer>)>;

  AresChannel(runtime::EpollLoop& loop, DnsServers servers);
  // Look-ups under way end with an error first.
  ~AresChannel();

  // Asks /etc/hosts, then DNS for A and AAAA. `done` is called once, within this call or from the loop; it
  // must not call the channel.
  void look_up(const std::string& name, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::adapters::net
