// Brings the configuration into force again while the gateway serves: when SIGHUP asks for it, and when one
// of the files that it was read from has changed.
//
// All or nothing: a file with a mistake leaves the configuration in force as it is, and the log says what is
// wrong, with line and key.
#pragma once

#include <optional>
#include <thread>

#include "adapters/log/json_log.hpp"
#include "adapters/systemd/service_manager.hpp"
#include "app/app.hpp"
#include "app/config_source.hpp"
#include "app/file_watch.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::app {

class Reload {
 public:
  // `files`: what the configuration in force was read from. Everything outlives it; the loop does not run any
  // more when it is destroyed.
  Reload(runtime::EpollLoop& loop, App& app, adapters::log::JsonLog& log,
         const adapters::systemd::ServiceManager& manager, ConfigSource source, WatchedFiles files);

  // Reads the configuration and brings it into force; asked for meanwhile, once more.
  void request();

 private:
  runtime::Task<void> run();
  runtime::Task<ReadConfig> read();
  runtime::Task<void> bring_into_force(std::expected<config::Config, config::Problems> config);
  void watch(WatchedFiles files);
  void refuse(std::string why);

  runtime::EpollLoop& loop_;
  App& app_;
  adapters::log::JsonLog& log_;
  const adapters::systemd::ServiceManager& manager_;
  const ConfigSource source_;
  FileWatch watch_;
  bool busy_ = false;
  bool again_ = false;
  std::optional<ReadConfig> read_;
  runtime::Signal read_done_;
  std::jthread reader_;  // files may be slow and their checks long: the loop waits for neither
};

}  // namespace dujiang::app
