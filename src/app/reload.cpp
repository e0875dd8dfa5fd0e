#include "app/reload.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace dujiang::app {

Reload::Reload(runtime::EpollLoop& loop, App& app, adapters::log::JsonLog& log,
               const adapters::systemd::ServiceManager& manager, ConfigSource source, WatchedFiles files)
    : loop_(loop),
      app_(app),
      log_(log),
      manager_(manager),
      source_(std::move(source)),
      watch_(loop, [this] { request(); }),
      read_done_(loop) {
  watch(std::move(files));
}

void Reload::request() {
  if (app_.draining()) return refuse("the gateway is draining and ends by the configuration that it has");
  if (source_.file.empty()) {
    return refuse("the gateway was started without a file, so there is nothing to read; give --config FILE");
  }
  again_ = true;
  if (!std::exchange(busy_, true)) loop_.spawn(run());
}

runtime::Task<void> Reload::run() {
  manager_.reloading(loop_.now());
  while (std::exchange(again_, false)) {
    ReadConfig read = co_await this->read();
    watch(std::move(read.files));
    co_await bring_into_force(std::move(read.config));
  }
  busy_ = false;
  manager_.reloaded();
}

runtime::Task<ReadConfig> Reload::read() {
  reader_ = std::jthread([this, running = app_.config()] {
    read_.emplace(read_config(source_, &running));
    loop_.post([this] { read_done_.notify(); });
  });
  co_await read_done_.wait(base::kNever);
  reader_.join();
  co_return std::move(*read_);  // NOLINT(bugprone-unchecked-optional-access): set before the signal
}

runtime::Task<void> Reload::bring_into_force(std::expected<config::Config, config::Problems> config) {
  if (!config) {
    refuse(config::to_text(source_.name(), std::move(config.error())));
    co_return;
  }
  if (app_.draining()) {
    refuse("the gateway began to drain before it was read");
    co_return;
  }
  const adapters::log::Level level = config->log.level;
  const std::vector<std::string> warnings = config->warnings;
  if (const auto adopted = co_await app_.adopt(std::move(*config)); !adopted) {
    refuse(fmt::format("{}: {}", source_.name(), adopted.error().message));
    co_return;
  }
  log_.set_level(level);
  for (const std::string& warning : warnings) log_.warning("configuration", warning);
  app_.count_reload(true);
  log_.notice("reloaded", source_.name() + " is in force; requests under way end as they began");
}

void Reload::watch(WatchedFiles files) {
  if (source_.file.empty()) return;
  if (const auto watched = watch_.watch(std::move(files)); !watched) {
    log_.warning("unwatched", "a change of the configuration will not be seen by itself (" +
                                  watched.error().message + "); send SIGHUP after it");
  }
}

void Reload::refuse(std::string why) {
  while (why.ends_with('\n')) why.pop_back();
  app_.count_reload(false);
  log_.warning("reload_refused", "the configuration in force stays: " + why);
}

}  // namespace dujiang::app
