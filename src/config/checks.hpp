// What no single key shows: names that must exist or be unlike, values that contradict each other, files.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/reader.hpp"
#include "config/shape.hpp"

namespace dujiang::config {

// `config` has its upstreams, but not its routes yet. `address_path` is where the address was said.
void check(const Config& config, const std::vector<RouteShape>& routes, const std::string& address_path,
           Reader& reader);

}  // namespace dujiang::config
