// What of a configuration can't come into force while the gateway serves.
#pragma once

#include <string>

#include "config/config.hpp"
#include "config/reader.hpp"

namespace dujiang::config {

// A problem for every key in which `next` differs from `running` and that is looked at when the process
// starts and never again.
void check_reloadable(const Config& running, const Config& next, Reader& reader);

}  // namespace dujiang::config
