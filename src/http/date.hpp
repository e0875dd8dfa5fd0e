// The date of a message as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace dujiang::http {

std::string format_date(base::WallTime at);

// The one form that is still written; the two obsolete ones have died out. In seconds, because the system
// clock's own unit ends in the year 2262, and four digits of a year don't.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text);

}  // namespace dujiang::http
