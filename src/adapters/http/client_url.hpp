// The base URL of an endpoint, taken apart once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dujiang::adapters::http {

struct BaseUrl {
  enum class Scheme : std::uint8_t { http, https };

  Scheme scheme = Scheme::http;
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
  std::string authority;  // for the Host field: the port only where it is not the scheme's own
  std::string path;       // prefix of every target: "" or "/v1", never with a slash at its end
};

// The error says what is wrong with `text` and shows a good one.
base::Result<BaseUrl> parse_base_url(std::string_view text);

// "host:port", with brackets around an IPv6 address.
std::string endpoint_name(const BaseUrl& url);

// "/v1" and "/chat/completions" or "chat/completions": one slash between them, whatever the target begins
// with.
std::string join_target(std::string_view path, std::string_view target);

}  // namespace dujiang::adapters::http
