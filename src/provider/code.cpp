#include "provider/code.hpp"

namespace dujiang::provider {

const std::array<std::string_view, kCodeCount>& code_names() {
  // In the order of the enumerators.
  static constexpr std::array<std::string_view, kCodeCount> kNames{
      "ok",
      "busy",
      "rate_limited",
      "concurrency_limit",
      "tpm_limit",
      "queue_expired",
      "balance",
      "auth",
      "forbidden",
      "model_not_found",
      "not_found",
      "bad_request",
      "context_too_long",
      "content_filter",
      "request_timeout",
      "server_error",
      "bad_gateway",
      "unexpected_status",
      "dns",
      "connect",
      "connect_timeout",
      "gateway_exhausted",
      "tls",
      "no_endpoint",
      "reset",
      "empty_body",
      "blank",
      "cut",
      "garbage",
      "malformed_event",
      "upstream_error",
      "insufficient_system_resource",
      "too_large",
      "silent",
      "late_first_token",
      "stalled",
      "timed_out",
      "queue_full",
      "deadline",
      "upstream_account",
      "caller_gone",
  };
  static_assert(!kNames.back().empty(), "a code has no name");
  return kNames;
}

std::string_view to_string(Code code) { return code_names()[static_cast<std::size_t>(code)]; }

}  // namespace dujiang::provider
