// Which header fields cross the gateway, in either direction (rule 11).
//
// Hop-by-hop fields and those that `Connection` names stay where they are; credentials, cookies, organisation
// fields and our own x-dujiang-* never cross. What is left goes to the vendor that the caller addressed, and
// to another vendor only where its target lists the field.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/headers.hpp"
#include "route/spec.hpp"

namespace dujiang::engine {

enum class Vendor : bool { other, addressed };

// The caller's fields for one attempt. `listed` are the target's `forward_headers`. Asks for an uncompressed
// answer.
http::Headers upstream_headers(const http::Headers& from_caller, Vendor vendor,
                               std::span<const std::string> listed);

// An upstream's fields for the caller, without those that describe its framing, its host or its connection.
http::Headers caller_headers(const http::Headers& from_upstream);

// Adds the credentials of an attempt: the account's key, or where the upstream says so the caller's own.
void add_credentials(http::Headers& headers, const route::UpstreamSpec& upstream, std::string_view key,
                     const http::Headers& from_caller);

// The upstream's own name for the request: x-request-id, x-ds-trace-id or the like; empty when it gave none.
std::string upstream_request_id(const http::Headers& from_upstream);

}  // namespace dujiang::engine
