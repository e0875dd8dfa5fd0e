// "host[:port]" as it stands in a Host field, in the target of a request to a proxy and in an origin.
#pragma once

#include <optional>
#include <string_view>

namespace dujiang::http {

struct Authority {
  std::string_view host;  // "[::1]" keeps its brackets
  std::string_view port;  // empty when absent
};

// Nothing when `text` is no host with an optional port. User names ("user@host") are refused.
std::optional<Authority> parse_authority(std::string_view text);

// Whether the name or address can only mean this machine: localhost, *.localhost, 127.0.0.0/8, [::1].
bool is_loopback_host(std::string_view host);

}  // namespace dujiang::http
