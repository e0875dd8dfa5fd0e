// docs/metrics.md, generated from the catalog.
#pragma once

#include <string>

namespace dujiang::adapters::metrics {

std::string metrics_reference();

}  // namespace dujiang::adapters::metrics
