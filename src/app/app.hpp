// The gateway as a whole: its workers, one to a loop, from their beginning to the end of the last request.
//
// The first worker is on the loop of whoever makes the app; each of the others has a thread of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/address.hpp"
#include "app/certificates.hpp"
#include "app/loop_thread.hpp"
#include "app/worker.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "engine/plan.hpp"
#include "engine/services.hpp"
#include "ports/access_log.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::app {

class App {
 public:
  // Loop and log outlive the app. The error says what in the configuration does not work.
  static base::Result<std::unique_ptr<App>> make(runtime::EpollLoop& loop, config::Config config,
                                                 ports::AccessLog& log);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App();

  // Begins to serve, everywhere; returns the first address that was bound (an empty one where there are only
  // Unix sockets). `inherited`: descriptors of sockets that listen already.
  base::Result<adapters::net::SocketAddress> listen(const std::vector<int>& inherited = {});

  // Where it serves: "https://127.0.0.1:8443", "unix:/run/dujiang/dujiang.sock".
  const std::vector<std::string>& urls() const { return urls_; }

  // The loops of all workers but the first; they run as long as there is the app.
  std::vector<runtime::Loop*> other_loops() const;

  // Another configuration comes into force, and the listeners' certificates are read anew: for what begins
  // from now on; what is under way keeps its own. Everything or, with an error that says what does not work,
  // nothing. Not while it drains, nor twice at once.
  runtime::Task<base::Result<void>> adopt(config::Config config);

  // Counts an attempt to bring another configuration into force.
  void count_reload(bool applied);

  const config::Config& config() const { return config_; }
  bool draining() const { return draining_; }

  // Ends: /readyz says so, after the notice no connection is accepted, requests have the grace period, what
  // is left is cut. True when all have ended, and the app may be destroyed; false when some hang. Once.
  runtime::Task<bool> drain();

  // A drain, under way or to come, waits for nothing and cuts what is under way.
  void hurry();

 private:
  App(runtime::EpollLoop& loop, config::Config config, ports::AccessLog& log);
  base::Result<void> make_workers();

  runtime::Task<std::string> metrics_page(runtime::Loop& here);
  runtime::Task<base::Result<void>> prepare(const config::Config& config,
                                            std::shared_ptr<const engine::Settings> settings);
  void measure_process(ports::Metrics& metrics) const;
  void warn_of_descriptors();
  runtime::Task<Worker::Load> begin_drain();
  runtime::Task<Worker::Load> load();
  runtime::Task<bool> drained(base::TimePoint until);
  void note_loaded();
  runtime::Task<void> hear_everyone_out();
  void stop_accepting();
  void cut();

  runtime::EpollLoop& loop_;
  config::Config config_;
  ports::AccessLog& log_;
  Certificates certificates_;
  engine::Commons commons_;
  std::shared_ptr<const engine::Settings> settings_;
  CallerGate::Keys keys_;
  const std::shared_ptr<adapters::http::BodyMemory> body_memory_;
  const std::size_t most_callers_;  // that the descriptor limit allows
  std::vector<std::string> urls_;
  std::vector<std::unique_ptr<LoopThread>> threads_;  // of all workers but the first
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<engine::Upstreams> upstreams_;  // there are workers
  runtime::Signal hurry_;
  bool hurried_ = false;
  bool draining_ = false;
  bool accepting_ = true;
};

}  // namespace dujiang::app
