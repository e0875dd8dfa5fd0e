// The closed set of causes: why an attempt ended as it did. Stable strings for metrics, logs and callers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dujiang::provider {

enum class Code : std::uint8_t {
  ok,
  // Refusals: nothing was generated.
  busy,               // 503 and its like: the server is overloaded or still loading
  rate_limited,       // 429 without a closer cause
  concurrency_limit,  // too many calls of this account at once
  tpm_limit,          // too many tokens per minute
  queue_expired,      // waited in the upstream's queue until it closed the connection
  balance,            // no money left
  auth,               // the key is not accepted
  forbidden,          // the key may not do this
  model_not_found,
  not_found,          // the path does not exist there
  bad_request,        // 400, 413, 422: the request itself
  context_too_long,   // too many tokens for this model
  content_filter,     // refused because of its content
  request_timeout,    // 408
  server_error,       // 500
  bad_gateway,        // 502, 504 and their like
  unexpected_status,  // one that no dialect knows
  // The way to the upstream.
  dns,
  connect,
  connect_timeout,
  gateway_exhausted,  // no descriptor, port or memory here to connect with: nobody else's fault
  tls,
  no_endpoint,  // every endpoint refuses connections
  reset,        // the connection broke before the answer's end
  // Broken answers under a 200.
  empty_body,       // no byte, or only whitespace and keep-alives
  blank,            // `stop` with nothing said (rule 2)
  cut,              // ended in the middle
  garbage,          // no HTTP, no JSON, HTML, or JSON that is no answer
  malformed_event,  // one bad event in a stream
  upstream_error,   // an error object inside a 200 without a closer cause
  insufficient_system_resource,
  too_large,  // beyond what the gateway holds
  // Clocks (rule 1).
  silent,  // no byte at all for too long
  late_first_token,
  stalled,    // tokens came, then none
  timed_out,  // the total
  // The gateway's own ends.
  queue_full,        // not admitted
  deadline,          // could not be served in time
  upstream_account,  // what a caller with a key is told of auth, forbidden and balance
  caller_gone,
};
inline constexpr std::size_t kCodeCount = static_cast<std::size_t>(Code::caller_gone) + 1;

std::string_view to_string(Code code);

// All strings, for the closed label set of the metrics.
const std::array<std::string_view, kCodeCount>& code_names();

}  // namespace dujiang::provider
