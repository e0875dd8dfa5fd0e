// The busy server: listens, reads requests, and shows each attempt what its fate is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/net/listener.hpp"
#include "base/result.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"
#include "sim/ledger.hpp"
#include "sim/options.hpp"
#include "sim/weather.hpp"

namespace dujiang::sim {

// Lives on the loop's thread and as long as the loop's tasks do.
class Server {
 public:
  // Listens at once; the scenario begins now.
  static base::Result<std::unique_ptr<Server>> open(runtime::EpollLoop& loop, Options options);
  ~Server();

  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:9080"

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace dujiang::sim
