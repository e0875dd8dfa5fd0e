// Settings that name hosts, URLs, header fields and models.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/net/trusted_peers.hpp"
#include "config/codec.hpp"

namespace dujiang::config {

// A numeric IP address, IPv6 without brackets.
Codec<std::string> ip_address();
bool is_loopback_address(const std::string& address);

// Rights of a file, "0660".
Codec<std::uint32_t> file_mode();

// Blocks of addresses, and `unix` for whoever may use our Unix sockets.
Codec<adapters::net::TrustedPeers> trusted_peers();

// http or https, a host, and maybe a port and a path. Never a user name, a query or a fragment.
Codec<std::string> base_url();

// `environment`, `none`, or a proxy's URL, whose password is never shown.
Codec<route::ProxyChoice> proxy_choice();

// "gateway.example" or "gateway.example:8080".
Codec<std::string> host();

// "https://app.example", as browsers write it in `Origin`.
Codec<std::string> origin();

// "*" or what `one` reads.
Codec<std::string> any_or(const Codec<std::string>& one);

// A field that may be sent to a vendor the caller did not address: never credentials, cookies or what belongs
// to one connection.
Codec<std::string> forwardable_header();

// "deepseek-chat", "deepseek-*" or "*".
Codec<std::string> model_pattern();

// One pattern, or a list of them.
Codec<std::vector<std::string>> model_patterns();

}  // namespace dujiang::config
