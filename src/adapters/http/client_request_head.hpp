// The head of a request as it goes over the wire.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/headers.hpp"

namespace dujiang::adapters::http {

struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view authority;  // for Host
  const dujiang::http::Headers& headers;
  std::size_t body_size = 0;
  // Set for a proxy that is asked for the resource itself, not for a tunnel: the Proxy-Authorization, or
  // empty.
  std::optional<std::string_view> through_proxy{};
};

// Adds Host, Content-Length and, where it is missing, `Accept-Encoding: identity`; leaves out what belongs to
// one connection. A field that would break out of its line is refused, named in the error.
base::Result<std::string> write_request_head(const RequestHead& head);

}  // namespace dujiang::adapters::http
