#include "app/serve.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/log/json_log.hpp"
#include "adapters/log/line_writer.hpp"
#include "adapters/systemd/inherited_sockets.hpp"
#include "adapters/systemd/service_manager.hpp"
#include "adapters/systemd/watchdog.hpp"
#include "app/app.hpp"
#include "app/process.hpp"
#include "app/reload.hpp"
#include "app/version.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/os_signals.hpp"

namespace dujiang::app {
namespace {

int fail(const std::string& message) {
  std::fputs(("dujiang: " + message + "\n").c_str(), stderr);
  return 1;
}

// Something for a person at a terminal, a JSON line for everything else.
void announce(ports::AccessLog& log, const std::vector<std::string>& urls) {
  const std::string& origin = urls.front();
  const std::string base_url =
      origin.starts_with("unix:") ? "http://localhost/v1 by " + origin : origin + "/v1";
  if (stderr_is_terminal()) {
    std::fputs(
        fmt::format("Dujiang {} is ready: base_url is {}, metrics are at {}/metrics. Ctrl-C ends it.\n",
                    version(), base_url, origin)
            .c_str(),
        stderr);
  } else {
    std::string text = fmt::format("version {}, commit {}, base_url {}", version(), commit(), base_url);
    for (std::size_t i = 1; i < urls.size(); ++i) text += ", " + urls[i];
    log.notice("ready", text);
  }
}

runtime::Task<void> drain_and_stop(App& app, runtime::EpollLoop& loop, bool& clean) {
  clean = co_await app.drain();
  loop.stop();
}

// Drains at the first signal, cuts at the second.
class Ending {
 public:
  Ending(runtime::EpollLoop& loop, App& app, const adapters::systemd::ServiceManager& manager)
      : loop_(loop),
        app_(app),
        manager_(manager),
        signals_(loop, {SIGTERM, SIGINT}, [this](int signal) { on_signal(signal); }) {}

  // Nothing is under way any more.
  bool clean() const { return clean_; }
  int exit_status() const { return exit_status_; }

 private:
  void on_signal(int signal) {
    if (++signals_seen_ == 1) {
      manager_.stopping("draining");
      loop_.spawn(drain_and_stop(app_, loop_, clean_));
    } else {
      exit_status_ = 128 + signal;
      app_.hurry();
    }
  }

  runtime::EpollLoop& loop_;
  App& app_;
  const adapters::systemd::ServiceManager& manager_;
  int signals_seen_ = 0;
  int exit_status_ = 0;
  bool clean_ = false;
  runtime::OsSignals signals_;
};

}  // namespace

int serve(const ConfigSource& source, const ServeOptions& options) {
  auto [read, files] = read_config(source);
  if (!read) {
    std::fputs(config::to_text(source.name(), read.error()).c_str(), stderr);
    return 1;
  }
  const config::Config& config = *read;
  // What the service manager left in the environment is taken out of it before there are other threads: they
  // may look.
  const std::vector<int> inherited = adapters::systemd::take_inherited_sockets();
  const auto manager = adapters::systemd::ServiceManager::from_environment();
  fill_standard_descriptors();
  raise_descriptor_limit();
  ignore_broken_pipes();
  runtime::EpollLoop loop;
  adapters::log::LineWriter lines(STDERR_FILENO, adapters::log::losses_line);
  adapters::log::JsonLog log(config.log.level, [&loop] { return loop.wall_now(); }, lines);
  const auto app = App::make(loop, config, log);
  if (!app) return fail(app.error().message);
  const auto bound = (*app)->listen(inherited);
  if (!bound) return fail(bound.error().message);
  Ending ending(loop, **app, manager);
  Reload reload(loop, **app, log, manager, source, std::move(files));
  const runtime::OsSignals on_hang_up(loop, {SIGHUP}, [&reload](int) { reload.request(); });
  if (options.port_file) {
    const auto written = write_port_file(*options.port_file, bound->port());
    if (!written) return fail(written.error().message);
  }
  announce(log, (*app)->urls());
  manager.ready(fmt::format("serving on {}", fmt::join((*app)->urls(), ", ")));
  const adapters::systemd::Watchdog watchdog(loop, (*app)->other_loops(), manager);
  for (const std::string& warning : config.warnings) log.warning("configuration", warning);
  loop.run();
  // Requests that hang even now would be torn down under the feet of the modules that they use.
  if (!ending.clean()) {
    lines.finish();
    std::_Exit(ending.exit_status() != 0 ? ending.exit_status() : 1);
  }
  return ending.exit_status();
}

base::Result<void> rehearse(const config::Config& config) {
  runtime::EpollLoop loop;
  const auto client = adapters::http::Client::make(loop, config.gateway.upstreams);
  if (!client) return std::unexpected(client.error());
  return {};
}

}  // namespace dujiang::app
