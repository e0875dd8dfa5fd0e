// Which HTTP proxy an endpoint is reached through, by the environment's conventions; and a proxy's URL taken
// apart.
//
// HTTPS_PROXY, HTTP_PROXY and ALL_PROXY name a proxy for https, http and all endpoints, NO_PROXY whom to call
// directly. There is no standard; this is what curl and Python's clients agree on. This machine is never
// proxied.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/client_url.hpp"
#include "base/result.hpp"

namespace dujiang::adapters::http {

struct ProxyUrl {
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
  std::string name;           // "proxy.lan:3128", for messages
  std::string authorization;  // the Proxy-Authorization field's value; a secret; empty for none

  bool operator==(const ProxyUrl&) const = default;
};

// "http://user:password@proxy.lan:3128"; the scheme may be left out, the port is 3128 then. The error never
// shows the text, which may hold a password.
base::Result<ProxyUrl> parse_proxy_url(std::string_view text);

// The URL with its password masked.
std::string masked_proxy_url(std::string_view url);

// What the environment says of an endpoint's proxy.
struct EnvironmentProxy {
  enum class Says : std::uint8_t {
    nothing,       // no variable names a proxy
    named,         // `variable` names `url`
    exempt,        // `variable`, a NO_PROXY, has the endpoint
    this_machine,  // never proxied, whatever the variables say
  };
  Says says = Says::nothing;
  std::string variable{};  // "HTTPS_PROXY"
  std::string url{};
};

using Variable = std::function<std::optional<std::string>(const std::string& name)>;

// A variable in lower case goes before the same in upper case; an empty one names none.
EnvironmentProxy proxy_from_environment(const BaseUrl& endpoint, const Variable& variable);

// Whether NO_PROXY's list, `exempt`, has the host: "*", "lan" or ".lan" for the name and all names below it,
// "10.0.0.1", "10.0.0.0/8", each perhaps with a port.
bool is_exempt(std::string_view exempt, std::string_view host, std::uint16_t port);

}  // namespace dujiang::adapters::http
