// One loop's part of the gateway: a front, an engine, a client and metrics of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "adapters/http/client.hpp"
#include "adapters/http/server.hpp"
#include "adapters/metrics/page.hpp"
#include "adapters/metrics/registry.hpp"
#include "adapters/net/listener.hpp"
#include "app/caller_gate.hpp"
#include "app/front.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "engine/gateway.hpp"
#include "ports/access_log.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::app {

// All calls are made on the worker's loop, or before it runs. What workers share is the log, the engine's
// commons and the upstreams of their plan.
class Worker {
 public:
  // What a worker may take of the process.
  struct Shares {
    std::shared_ptr<adapters::http::BodyMemory> body_memory;
    std::size_t connections = 0;  // of callers, by the descriptor limit
  };

  // Loop, log and commons outlive the worker. The error says what in the configuration does not work.
  // It serves once it has adopted a plan.
  static base::Result<std::unique_ptr<Worker>> make(runtime::EpollLoop& loop, const config::Config& config,
                                                    const std::shared_ptr<const engine::Settings>& settings,
                                                    ports::AccessLog& log, engine::Commons& commons,
                                                    MetricsPage metrics);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  runtime::EpollLoop& loop() { return loop_; }
  ports::Metrics& metrics() { return registry_; }

  // Before it serves.
  void take(Shares shares);

  // Begins to serve on one more listener.
  void listen(std::unique_ptr<adapters::net::Listener> listener, adapters::http::Door door) {
    server_.listen(std::move(listener), std::move(door));
  }
  // Begins to serve beside all listeners of another worker.
  base::Result<void> listen_beside(const Worker& other) { return server_.listen_beside(other.server_); }

  // What is under way.
  struct Load {
    std::size_t connections = 0;
    std::size_t requests = 0;
    Load& operator+=(const Load& other) {
      connections += other.connections;
      requests += other.requests;
      return *this;
    }
  };
  Load load() const;

  // Other settings, in two steps, since the first may fail: then nothing has changed. From it on calls that
  // were permitted under either can be made, so every worker takes it before any takes the second.
  base::Result<void> prepare(const config::Config& config,
                             const std::shared_ptr<const engine::Settings>& settings);
  void adopt(const config::Config& config, const engine::Plan& plan, CallerGate::Keys keys);

  // The steps of a drain: /readyz says so; no connection is accepted; what is left has until an instant (true
  // when all has ended); then it is cut.
  Load begin_drain();
  void stop_accepting() { server_.stop_accepting(); }
  runtime::Task<bool> drained(base::TimePoint until) { return server_.drained(until); }
  void cut() { server_.close_all(); }

  // This worker's part of the page of /metrics.
  adapters::metrics::Page measure();

 private:
  Worker(runtime::EpollLoop& loop, const config::Config& config, ports::AccessLog& log,
         engine::Commons& commons, MetricsPage metrics, std::unique_ptr<adapters::http::Client> client);

  runtime::EpollLoop& loop_;
  adapters::metrics::Registry registry_;
  std::unique_ptr<adapters::http::Client> client_;
  engine::Gateway gateway_;
  CallerGate gate_;
  Front front_;
  adapters::http::HttpServer server_;
};

}  // namespace dujiang::app
