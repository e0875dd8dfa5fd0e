#include "ports/metric_catalog.hpp"

#include <array>

namespace dujiang::ports {
namespace {

using enum MetricKind;
using Text = std::string_view;
using LabelList = std::span<const MetricLabel* const>;

constexpr std::array<Text, 9> kOperations = {"chat",       "beta_chat", "completions", "beta_completions",
                                             "embeddings", "models",    "model",       "balance",
                                             "relay"};
constexpr std::array<Text, 2> kTokenTypes = {"input", "output"};
constexpr std::array<Text, 2> kSides = {"caller", "upstream"};
constexpr std::array<Text, 6> kConnectOutcomes = {
    "ok", "dns", "connect", "connect_timeout", "tls", "gateway_exhausted"};
constexpr std::array<Text, 2> kTlsSessions = {"full", "resumed"};
constexpr std::array<Text, 4> kTlsOutcomes = {"full", "resumed", "failed", "timeout"};
constexpr std::array<Text, 3> kPauses = {"connections", "descriptors", "memory"};
constexpr std::array<Text, 3> kCuts = {"error_event", "aborted", "caller_gone"};
constexpr std::array<Text, 2> kReloadResults = {"applied", "refused"};
constexpr std::array<Text, 3> kQueueRefusals = {"full", "too_late", "expired"};

constexpr std::array<Text, 4> kKeyRefusals = {"missing", "unknown", "ambiguous", "not_allowed"};
constexpr std::array<Text, 3> kAccountFaults = {"auth", "forbidden", "balance"};

constexpr MetricLabel kOperation{"operation", "What the caller asked for.", kOperations};
constexpr MetricLabel kGenAiOperation{"gen_ai_operation_name", "What the caller asked for.", kOperations};
constexpr MetricLabel kGenAiProvider{"gen_ai_provider_name", "Dialect of the upstream.", {}};
constexpr MetricLabel kGenAiModel{"gen_ai_request_model", "Model that the upstream was asked for.", {}};
constexpr MetricLabel kGenAiTokenType{"gen_ai_token_type", "Tokens read or written by the model.",
                                      kTokenTypes};
constexpr MetricLabel kErrorType{"error_type", "Code of the failure; empty when there was none.", {}};
constexpr MetricLabel kRoute{"route", "Name of the route in the configuration.", {}};
constexpr MetricLabel kUpstream{"upstream", "Name of the upstream in the configuration.", {}};
constexpr MetricLabel kModel{"model", "Model that the upstream was asked for.", {}};
constexpr MetricLabel kResult{"result", "`ok`, or the code of the error that the caller got.", {}};
constexpr MetricLabel kOutcome{"outcome", "`ok`, or the code of the attempt's failure.", {}};
constexpr MetricLabel kReason{"reason", "Code of the failure that made it necessary.", {}};
constexpr MetricLabel kRefusal{"reason", "Code of the refusal.", {}};
constexpr MetricLabel kQueueRefusal{"reason", "Why the queue did not serve it.", kQueueRefusals};
constexpr MetricLabel kReloadResult{"result", "Whether it came into force.", kReloadResults};
constexpr MetricLabel kCaller{"caller", "Name of the caller's key in the configuration.", {}};
constexpr MetricLabel kKeyRefusal{"reason", "Why the key does not let the caller in.", kKeyRefusals};
constexpr MetricLabel kAccountFault{"reason", "What is wrong with the account: key, rights or balance.",
                                    kAccountFaults};
constexpr MetricLabel kPause{"reason", "What there was no more of.", kPauses};
constexpr MetricLabel kSide{"side", "Whose connections: those of callers or those to upstreams.", kSides};
constexpr MetricLabel kConnectOutcome{"outcome", "`ok`, or why there is no connection.", kConnectOutcomes};
constexpr MetricLabel kTlsSession{"session", "Whether a session of before was taken up again.", kTlsSessions};
constexpr MetricLabel kTlsOutcome{
    "outcome", "How the handshake ended: with a new session, one of before, or not.", kTlsOutcomes};
constexpr MetricLabel kListener{"listener", "Place in the configuration: `listen`, `listen.also[0]`.", {}};
constexpr MetricLabel kHow{"how", "What the caller saw of the cut.", kCuts};
constexpr MetricLabel kVersion{"version", "Version of Dujiang.", {}};
constexpr MetricLabel kCommit{"commit", "Commit that the binary was built from.", {}};
constexpr MetricLabel kFamily{"family", "Metric whose series were too many.", {}};

// OpenTelemetry's advice for durations, continued to 655 s since a queued call may wait for ten minutes.
constexpr std::array kSecondsBuckets = {0.01, 0.02,  0.04,  0.08,  0.16,  0.32,   0.64,   1.28,  2.56,
                                        5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36};
// OpenTelemetry's advice for tokens, up to the largest contexts of today.
constexpr std::array kTokenBuckets = {1.0,    4.0,     16.0,    64.0,     256.0,     1024.0,
                                      4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0};

template <const MetricLabel&... labels>
inline constexpr std::array<const MetricLabel*, sizeof...(labels)> kList = {&labels...};

constexpr LabelList kNone{};

constexpr std::array<MetricFamily, kMetricCount> kCatalog = {{
    {Metric::server_request_duration, "gen_ai_server_request_duration_seconds", histogram,
     "Time from a caller's request to the last byte of its answer.",
     kList<kGenAiOperation, kRoute, kErrorType>, kSecondsBuckets},
    {Metric::server_time_to_first_token, "gen_ai_server_time_to_first_token_seconds", histogram,
     "Time from a caller's request to the first token of its streamed answer.",
     kList<kGenAiOperation, kRoute>, kSecondsBuckets},
    {Metric::client_operation_duration, "gen_ai_client_operation_duration_seconds", histogram,
     "Time of one attempt at an upstream, from sending to its end.",
     kList<kGenAiOperation, kGenAiProvider, kUpstream, kGenAiModel, kErrorType>, kSecondsBuckets},
    {Metric::client_time_to_first_chunk, "gen_ai_client_operation_time_to_first_chunk_seconds", histogram,
     "Time of one streamed attempt from sending to its first token.",
     kList<kGenAiOperation, kGenAiProvider, kUpstream, kGenAiModel>, kSecondsBuckets},
    {Metric::client_token_usage, "gen_ai_client_token_usage", histogram,
     "Tokens of one attempt, as the upstream counted them.",
     kList<kGenAiOperation, kGenAiProvider, kUpstream, kGenAiModel, kGenAiTokenType>, kTokenBuckets},
    {Metric::requests,
     "dujiang_requests_total",
     counter,
     "Requests of callers that ended.",
     kList<kRoute, kOperation, kResult>,
     {}},
    {Metric::requests_in_flight,
     "dujiang_requests_in_flight",
     gauge,
     "Requests of callers under way.",
     kNone,
     {}},
    {Metric::streams, "dujiang_streams", gauge, "Streamed answers under way.", kNone, {}},
    {Metric::answers_cut,
     "dujiang_answers_cut_total",
     counter,
     "Answers that ended after they had begun, before they were whole.",
     kList<kRoute, kHow>,
     {}},
    {Metric::attempts,
     "dujiang_attempts_total",
     counter,
     "Attempts at upstreams that ended.",
     kList<kUpstream, kModel, kOutcome>,
     {}},
    {Metric::retries,
     "dujiang_retries_total",
     counter,
     "Repeats of a request at the same target.",
     kList<kUpstream, kReason>,
     {}},
    {Metric::fail_overs,
     "dujiang_fail_overs_total",
     counter,
     "Moves of a request from this upstream to another target.",
     kList<kUpstream, kReason>,
     {}},
    {Metric::possibly_billed,
     "dujiang_possibly_billed_total",
     counter,
     "Attempts that were possibly paid for and not delivered.",
     kList<kUpstream>,
     {}},
    {Metric::undelivered_tokens,
     "dujiang_undelivered_tokens_total",
     counter,
     "Tokens seen in attempts that were not delivered.",
     kList<kUpstream>,
     {}},
    {Metric::retry_budget_balance,
     "dujiang_retry_budget_balance",
     gauge,
     "Repeats of possibly paid attempts that the upstream's budget allows now.",
     kList<kUpstream>,
     {}},
    {Metric::queue_length,
     "dujiang_queue_length",
     gauge,
     "Requests waiting to be sent.",
     kList<kUpstream>,
     {}},
    {Metric::queue_wait, "dujiang_queue_wait_seconds", histogram, "Time that an attempt waited to be sent.",
     kList<kUpstream>, kSecondsBuckets},
    {Metric::queue_refused,
     "dujiang_queue_refused_total",
     counter,
     "Attempts that the queue did not serve.",
     kList<kUpstream, kQueueRefusal>,
     {}},
    {Metric::connections, "dujiang_connections", gauge, "Open connections.", kList<kSide>, {}},
    {Metric::connections_opened,
     "dujiang_connections_opened_total",
     counter,
     "Connections opened so far.",
     kList<kSide>,
     {}},
    {Metric::upstream_connects,
     "dujiang_upstream_connects_total",
     counter,
     "Attempts to connect to an endpoint of an upstream, TLS included, that ended.",
     kList<kUpstream, kConnectOutcome>,
     {}},
    {Metric::upstream_connections_reused,
     "dujiang_upstream_connections_reused_total",
     counter,
     "Times that a kept connection was used again where else a new one would have been opened.",
     kList<kUpstream>,
     {}},
    {Metric::upstream_connections_idle,
     "dujiang_upstream_connections_idle",
     gauge,
     "Open connections that wait to be used again.",
     kList<kUpstream>,
     {}},
    {Metric::upstream_stale_repeats,
     "dujiang_upstream_stale_repeats_total",
     counter,
     "Requests sent again on a fresh connection, since the upstream had closed the kept one.",
     kList<kUpstream>,
     {}},
    {Metric::upstream_tls_handshakes,
     "dujiang_upstream_tls_handshakes_total",
     counter,
     "TLS handshakes with upstreams that succeeded; the others are `dujiang_upstream_connects_total`'s.",
     kList<kUpstream, kTlsSession>,
     {}},
    {Metric::tls_handshakes,
     "dujiang_tls_handshakes_total",
     counter,
     "TLS handshakes with callers that ended.",
     kList<kTlsOutcome>,
     {}},
    {Metric::certificate_not_after,
     "dujiang_certificate_not_after_timestamp_seconds",
     gauge,
     "Unix time from which on callers refuse the certificate that the listener shows.",
     kList<kListener>,
     {}},
    {Metric::requests_refused,
     "dujiang_requests_refused_total",
     counter,
     "Requests and connections that the HTTP front refused by itself.",
     kList<kRefusal>,
     {}},
    {Metric::max_connections,
     "dujiang_max_connections",
     gauge,
     "Connections of callers that may be open at a time, by the configuration and by the descriptor limit.",
     kNone,
     {}},
    {Metric::accept_pauses,
     "dujiang_accept_pauses_total",
     counter,
     "Times that no connection was accepted for a while.",
     kList<kPause>,
     {}},
    {Metric::body_memory,
     "dujiang_body_memory_bytes",
     gauge,
     "Memory that the bodies of requests under way take, beyond 16 KiB each.",
     kNone,
     {}},
    {Metric::not_retryable,
     "dujiang_not_retryable_total",
     counter,
     "Requests that were served, but not kept for retries, since `memory.retries` was used up.",
     kNone,
     {}},
    {Metric::log_lines_lost,
     "dujiang_log_lines_lost_total",
     counter,
     "Lines that could not be logged: the disk is full, or nobody reads them.",
     kNone,
     {}},
    {Metric::log_failing,
     "dujiang_log_failing",
     gauge,
     "1 while the log cannot be written; lines are held and tried again, and lost where they are too many.",
     kNone,
     {}},
    {Metric::caller_requests,
     "dujiang_caller_requests_total",
     counter,
     "Requests that ended, of callers with a key.",
     kList<kCaller, kResult>,
     {}},
    {Metric::caller_tokens,
     "dujiang_caller_tokens_total",
     counter,
     "Tokens of answers to callers with a key, as the upstream counted them.",
     kList<kCaller, kGenAiTokenType>,
     {}},
    {Metric::caller_keys_refused,
     "dujiang_caller_keys_refused_total",
     counter,
     "Requests refused for their key.",
     kList<kKeyRefusal>,
     {}},
    {Metric::account_faults,
     "dujiang_account_faults_total",
     counter,
     "Attempts that an upstream refused for its account's key, rights or balance: the operator has to act.",
     kList<kUpstream, kAccountFault>,
     {}},
    {Metric::draining,
     "dujiang_draining",
     gauge,
     "1 while the gateway finishes its last requests, else 0.",
     kNone,
     {}},
    {Metric::config_reloads,
     "dujiang_config_reloads_total",
     counter,
     "Times that the configuration was to be read again.",
     kList<kReloadResult>,
     {}},
    {Metric::config_loaded,
     "dujiang_config_loaded_timestamp_seconds",
     gauge,
     "Unix time at which the configuration in force was read.",
     kNone,
     {}},
    {Metric::config_stale,
     "dujiang_config_stale",
     gauge,
     "1 while the last change of the configuration is not in force, since it was refused, else 0.",
     kNone,
     {}},
    {Metric::build_info,
     "dujiang_build_info",
     gauge,
     "Always 1; the labels say what is running.",
     kList<kVersion, kCommit>,
     {}},
    {Metric::metrics_overflow,
     "dujiang_metrics_overflow_total",
     counter,
     "Measurements that went to a series of `other`, because a family had too many series.",
     kList<kFamily>,
     {}},
    {Metric::process_cpu,
     "process_cpu_seconds_total",
     counter,
     "User and system time of the process.",
     kNone,
     {}},
    {Metric::process_resident_memory,
     "process_resident_memory_bytes",
     gauge,
     "Resident memory of the process.",
     kNone,
     {}},
    {Metric::process_virtual_memory,
     "process_virtual_memory_bytes",
     gauge,
     "Virtual memory of the process.",
     kNone,
     {}},
    {Metric::process_open_fds, "process_open_fds", gauge, "Open file descriptors.", kNone, {}},
    {Metric::process_max_fds,
     "process_max_fds",
     gauge,
     "Most file descriptors that the process may open.",
     kNone,
     {}},
    {Metric::process_start_time,
     "process_start_time_seconds",
     gauge,
     "Unix time of the start of the process.",
     kNone,
     {}},
}};

constexpr bool catalog_is_in_order() {
  for (std::size_t i = 0; i < kCatalog.size(); ++i) {
    if (static_cast<std::size_t>(kCatalog[i].metric) != i) return false;
    if ((kCatalog[i].kind == histogram) == kCatalog[i].buckets.empty()) return false;
  }
  return true;
}
static_assert(catalog_is_in_order());

}  // namespace

std::span<const MetricFamily> metric_catalog() { return kCatalog; }

const MetricFamily& family_of(Metric metric) { return kCatalog[static_cast<std::size_t>(metric)]; }

}  // namespace dujiang::ports
