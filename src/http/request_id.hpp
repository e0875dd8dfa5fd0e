// The name of a request in its answer's headers and in the log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace dujiang::http {

inline constexpr std::string_view kRequestIdField = "x-request-id";

// The caller's own id if it is fit for a header and a log line (1 to 128 printable ASCII characters without a
// space), else a new one, "req_" and 32 hexadecimal digits.
std::string request_id(std::optional<std::string_view> given, base::Random& chance);

}  // namespace dujiang::http
