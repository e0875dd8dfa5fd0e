// `dujiang serve`: a gateway from its start to the end of its process.
#pragma once

#include <optional>
#include <string>

#include "app/config_source.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace dujiang::app {

struct ServeOptions {
  std::optional<std::string> port_file;  // where to write the bound port when ready
};

// Serves until a signal says that it is enough. Returns the exit status: 0 after a drain, 1 where serving
// could not begin (stderr says why), 128 + the signal's number after a second signal.
int serve(const ConfigSource& source, const ServeOptions& options);

// Whether serve() could begin with it, but for binding: opens what the configuration names, and nothing else.
base::Result<void> rehearse(const config::Config& config);

}  // namespace dujiang::app
