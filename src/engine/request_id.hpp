// The id of a request: what a caller, a log line and an answer name it by.
#pragma once

#include <string>

#include "base/random.hpp"
#include "http/headers.hpp"

namespace dujiang::engine {

// The caller's own x-request-id if it is fit for a header and a log line, else a new one.
std::string request_id_of(const http::Headers& headers, base::Random& chance);

}  // namespace dujiang::engine
