// Connects to whichever of a name's addresses answers first (RFC 8305, "Happy Eyeballs").
#pragma once

#include <chrono>
#include <vector>

#include "adapters/net/dns_cache.hpp"
#include "adapters/net/tcp.hpp"

namespace dujiang::adapters::net {

// How long an address is tried alone before the next one is tried beside it (RFC 8305, section 8).
inline constexpr base::Duration kConnectionAttemptDelay = std::chrono::milliseconds(250);

// The addresses in the order in which they are tried: the two families by turns, beginning with that of the
// first, each in its own order (section 4).
std::vector<SocketAddress> by_turns(const std::vector<SocketAddress>& addresses);

// The first connection that comes about, by `until` at the latest; the other attempts are ended. An address
// that fails is followed by the next one at once. The failure is that of the first address, with the others'
// messages.
runtime::Task<TcpConnected> connect_first(runtime::EpollLoop& loop, AddressList addresses, std::uint16_t port,
                                          base::TimePoint until);

}  // namespace dujiang::adapters::net
