// The PROXY protocol, versions 1 and 2: how a load balancer tells whose connection it hands on.
//
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/net/address.hpp"

namespace dujiang::adapters::net {

// More than any load balancer sends, addresses and extensions together.
inline constexpr std::size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
  enum class State : std::uint8_t {
    more,    // right so far, but not all there
    done,    // `size` bytes are the header
    failed,  // whatever comes, it will be none
  };
  State state = State::more;
  std::size_t size = 0;
  // Whose connection it is; nothing where the load balancer speaks for itself (a health check) or does not
  // say: then it is the one that the connection comes from.
  std::optional<SocketAddress> source{};
};

// What `bytes`, the beginning of a connection, say. As long as that is `more` all of them belong to the
// header; what follows behind `size` does not.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace dujiang::adapters::net
