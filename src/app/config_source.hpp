// Where the process has its configuration from, and what it read to get it.
#pragma once

#include <expected>
#include <string>

#include "app/file_watch.hpp"
#include "config/config.hpp"

namespace dujiang::app {

struct ConfigSource {
  std::string file;  // empty: the built-in configuration
  config::Overrides overrides;

  std::string name() const { return file.empty() ? "built-in configuration" : file; }
};

struct ReadConfig {
  std::expected<config::Config, config::Problems> config;
  WatchedFiles files;  // the file and those that it names, there or not
};

// Reads it. `running`: what it is to replace, if anything; what can't be changed without a restart is a
// problem then.
ReadConfig read_config(const ConfigSource& source, const config::Config* running = nullptr);

}  // namespace dujiang::app
