// What Linux knows of this process: CPU time, memory, descriptors.
#pragma once

#include "ports/metrics.hpp"

namespace dujiang::adapters::metrics {

// Reads /proc/self and sets the process_* families. What cannot be read keeps its last value.
void measure_process(ports::Metrics& metrics);

}  // namespace dujiang::adapters::metrics
