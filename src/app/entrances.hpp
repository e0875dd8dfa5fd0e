// Opens what `listen` names: addresses, Unix sockets, and sockets that a service manager has opened already.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/http/server.hpp"
#include "adapters/net/listener.hpp"
#include "app/certificates.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::app {

// A listener, and what stands between it and the first request on each of its connections.
struct Entrance {
  std::unique_ptr<adapters::net::Listener> listener;
  adapters::http::Door door;

  // "https://127.0.0.1:8443", "unix:/run/dujiang/dujiang.sock".
  std::string url() const;
};

// All of them, in the configuration's order, or what does not work. An inherited socket takes the place of
// the listener with its address (or path); one that no listener names takes the place of `listen` itself.
// What it does not take over is closed.
base::Result<std::vector<Entrance>> open_entrances(runtime::EpollLoop& loop, const config::Config& config,
                                                   Certificates& certificates,
                                                   const std::vector<int>& inherited);

}  // namespace dujiang::app
