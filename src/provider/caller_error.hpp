// The error that a caller reads when an attempt's end is the last word.
#pragma once

#include <string_view>

#include "api/error.hpp"
#include "provider/code.hpp"
#include "provider/dialect.hpp"

namespace dujiang::provider {

// `facts` is what the upstream said, if it did; `detail` what the gateway saw.
api::ApiError caller_error(Code code, const ErrorFacts* facts, std::string_view detail);

// The same without an attempt, for the gateway's own ends: queue_full, deadline, caller_gone, no_endpoint,
// ...
api::ApiError caller_error(Code code);

}  // namespace dujiang::provider
