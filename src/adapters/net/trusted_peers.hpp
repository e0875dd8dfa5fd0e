// Who may say on whose behalf a connection or a request comes: the load balancers before the gateway.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "adapters/net/address_range.hpp"

namespace dujiang::adapters::net {

struct TrustedPeers {
  std::vector<AddressRange> ranges;
  bool unix_sockets = false;  // whoever may connect to one of ours

  // `peer`: none over a Unix socket.
  bool contains(const std::optional<SocketAddress>& peer) const {
    if (!peer) return unix_sockets;
    return std::ranges::any_of(ranges, [&](const AddressRange& range) { return range.contains(*peer); });
  }
  bool empty() const { return ranges.empty() && !unix_sockets; }

  friend bool operator==(const TrustedPeers&, const TrustedPeers&) = default;
};

}  // namespace dujiang::adapters::net
