#include "adapters/http/server_forwarded.hpp"

#include <cstddef>
#include <optional>
#include <ranges>
#include <vector>

#include "base/ascii.hpp"

namespace dujiang::adapters::http {
namespace {

// The addresses of all fields, in their order, as they are written.
std::vector<std::string_view> hops(const dujiang::http::Headers& headers) {
  std::vector<std::string_view> all;
  for (const dujiang::http::Field& field : headers) {
    if (!base::iequals(field.name, "x-forwarded-for")) continue;
    std::string_view rest = field.value;
    while (true) {
      const std::size_t comma = rest.find(',');
      all.push_back(base::trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return all;
}

// "192.0.2.7", "192.0.2.7:4711", "2001:db8::7", "[2001:db8::7]" or "[2001:db8::7]:4711".
std::optional<net::SocketAddress> read_hop(std::string_view text) {
  if (const auto bare = net::SocketAddress::from_ip(text, 0)) return *bare;
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto bracketed = net::SocketAddress::from_ip(text.substr(1, text.size() - 2), 0);
    return bracketed ? std::optional(*bracketed) : std::nullopt;
  }
  const auto with_port = net::SocketAddress::parse(text);
  return with_port ? std::optional(*with_port) : std::nullopt;
}

}  // namespace

std::string forwarded_peer(std::string_view peer, const dujiang::http::Headers& headers,
                           const net::TrustedPeers& trusted) {
  std::string known(peer);
  for (const std::string_view hop : std::views::reverse(hops(headers))) {
    const auto address = read_hop(hop);
    if (!address) break;
    known = address->ip_text();
    if (!trusted.contains(address)) break;
  }
  return known;
}

}  // namespace dujiang::adapters::http
