// On whose behalf a trusted proxy sends a request, as X-Forwarded-For has it.
#pragma once

#include <string>
#include <string_view>

#include "adapters/net/trusted_peers.hpp"
#include "http/headers.hpp"

namespace dujiang::adapters::http {

// `peer`, a trusted proxy, where the header is absent; else the right-most address in it that is not one of a
// trusted proxy. Each proxy adds at the right whom it heard, so that what stands further left may be
// anybody's invention; the same is true of everything left of what is no address.
std::string forwarded_peer(std::string_view peer, const dujiang::http::Headers& headers,
                           const net::TrustedPeers& trusted);

}  // namespace dujiang::adapters::http
