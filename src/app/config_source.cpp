#include "app/config_source.hpp"

#include <utility>

namespace dujiang::app {

ReadConfig read_config(const ConfigSource& source, const config::Config* running) {
  WatchedFiles files;
  const config::Environment plain = config::process_environment();
  config::Environment environment = plain;
  environment.read_file = [&](const std::string& path) {
    files.emplace(path, stamp_of(path));  // before it is read: a change in between is seen
    return plain.read_file(path);
  };
  auto config = source.file.empty()
                    ? config::parse(config::builtin_yaml(environment), environment, source.overrides, running)
                    : config::load(source.file, environment, source.overrides, running);
  return {std::move(config), std::move(files)};
}

}  // namespace dujiang::app
