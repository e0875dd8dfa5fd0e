// What a request's method means for sending it again.
#pragma once

#include <string_view>

namespace dujiang::http {

// Whether several of such requests have the effect of one (RFC 9110, 9.2.2): it may go out again unasked.
constexpr bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

}  // namespace dujiang::http
