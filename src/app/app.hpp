// The gateway as a whole: server, engine, client, metrics and log on one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/http/client.hpp"
#include "adapters/http/server.hpp"
#include "adapters/metrics/registry.hpp"
#include "adapters/net/address.hpp"
#include "app/front.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "engine/gateway.hpp"
#include "ports/access_log.hpp"
#include "runtime/asio_loop.hpp"

namespace dujiang::app {

class App {
 public:
  // Loop and log outlive the app. The error says what in the configuration does not work.
  static base::Result<std::unique_ptr<App>> make(runtime::AsioLoop& loop, config::Config config,
                                                 ports::AccessLog& log);
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Begins to serve; returns what was bound.
  base::Result<adapters::net::SocketAddress> listen();

  // Ends: /readyz says so, after the notice no connection is accepted, requests have the grace period, what
  // is left is cut. True when all have ended, and the app may be destroyed; false when some hang. Once.
  runtime::Task<bool> drain();

  // A drain, under way or to come, waits for nothing and cuts what is under way.
  void hurry();

 private:
  App(runtime::AsioLoop& loop, config::Config config, ports::AccessLog& log,
      std::unique_ptr<adapters::http::Client> client);
  std::string metrics_page();

  runtime::AsioLoop& loop_;
  config::Config config_;
  ports::AccessLog& log_;
  adapters::metrics::Registry registry_;
  std::unique_ptr<adapters::http::Client> client_;
  engine::Gateway gateway_;
  Front front_;
  adapters::http::HttpServer server_;
  runtime::Signal hurry_;
  bool hurried_ = false;
  bool accepting_ = true;
};

}  // namespace dujiang::app
