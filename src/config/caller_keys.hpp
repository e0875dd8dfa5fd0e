// The callers' keys: those of the configuration and those of the file that it names, as one list.
#pragma once

#include <vector>

#include "config/reader.hpp"
#include "config/shape.hpp"

namespace dujiang::config {

// Reads the keys file, and checks what no single entry shows. Problems go to the reader, with the file and
// line that they are in.
CallerKeys assemble_caller_keys(const CallerKeys& shape, const std::vector<RouteShape>& routes,
                                Reader& reader);

}  // namespace dujiang::config
