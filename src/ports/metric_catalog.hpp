// Every metric that Dujiang has: its name, help, labels and buckets, written once for engine, registry and
// docs.
//
// Names of the gen_ai_* families and of their labels follow OpenTelemetry's conventions for generative AI, in
// Prometheus spelling. gen_ai_server_* is what callers see, gen_ai_client_* what upstreams give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ports/metrics.hpp"

namespace dujiang::ports {

// The comment is the order of the label values.
enum class Metric : std::uint8_t {
  server_request_duration,     // operation, route, error ("" when none)
  server_time_to_first_token,  // operation, route
  client_operation_duration,   // operation, provider, upstream, model, error ("" when none)
  client_time_to_first_chunk,  // operation, provider, upstream, model
  client_token_usage,          // operation, provider, upstream, model, "input" | "output"
  requests,                    // route, operation, result ("ok" when whole)
  requests_in_flight,
  streams,
  answers_cut,                  // route, "error_event" | "aborted" | "caller_gone"
  attempts,                     // upstream, model, outcome ("ok" when whole)
  retries,                      // upstream, reason (the outcome that is repeated)
  fail_overs,                   // from upstream, reason
  possibly_billed,              // upstream: attempts possibly paid and not delivered
  undelivered_tokens,           // upstream
  retry_budget_balance,         // upstream
  queue_length,                 // upstream
  queue_wait,                   // upstream
  queue_refused,                // upstream, "full" | "too_late" | "expired"
  connections,                  // "caller" | "upstream"
  connections_opened,           // "caller" | "upstream"
  upstream_connects,            // upstream, "ok" or the code of the failure
  upstream_connections_reused,  // upstream
  upstream_connections_idle,    // upstream
  upstream_stale_repeats,       // upstream
  upstream_tls_handshakes,      // upstream, "full" | "resumed"
  tls_handshakes,               // "full" | "resumed" | "failed" | "timeout"
  certificate_not_after,        // listener, as the configuration names it
  requests_refused,             // reason, of the HTTP front
  max_connections,
  accept_pauses,  // reason
  body_memory,
  not_retryable,
  log_lines_lost,
  log_failing,
  caller_requests,      // caller (the key's name), result ("ok" when whole)
  caller_tokens,        // caller, "input" | "output"
  caller_keys_refused,  // "missing" | "unknown" | "ambiguous" | "not_allowed"
  account_faults,       // upstream, the outcome: "auth" | "forbidden" | "balance"
  draining,
  config_reloads,  // "applied" | "refused"
  config_loaded,
  config_stale,
  build_info,        // version, commit
  metrics_overflow,  // family
  process_cpu,
  process_resident_memory,
  process_virtual_memory,
  process_open_fds,
  process_max_fds,
  process_start_time,
};

inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::process_start_time) + 1;

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

// A label and the set of its values, which is closed: a value outside it becomes "other".
struct MetricLabel {
  std::string_view name;
  std::string_view help;
  std::span<const std::string_view> values;  // empty: the application declares them when it starts
};

struct MetricFamily {
  Metric metric;
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::span<const MetricLabel* const> labels;
  std::span<const double> buckets;  // upper bounds, rising, without +Inf; histograms only
};

// All families, in the order of the enumerators.
std::span<const MetricFamily> metric_catalog();

const MetricFamily& family_of(Metric metric);

}  // namespace dujiang::ports
