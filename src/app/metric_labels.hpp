// The label values that only a running gateway knows, from its configuration and from the modules that name
// causes.
#pragma once

#include "adapters/metrics/registry.hpp"
#include "config/config.hpp"

namespace dujiang::app {

void declare_labels(adapters::metrics::Registry& registry, const config::Config& config);

}  // namespace dujiang::app
