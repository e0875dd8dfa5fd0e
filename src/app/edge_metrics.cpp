#include "app/edge_metrics.hpp"

#include <array>
#include <string_view>

#include "ports/metric_catalog.hpp"

namespace dujiang::app {
namespace {

using adapters::http::ClientCounters;
using ports::Metric;

// A counter for each enumerator of the kind.
template <class Kind, class Counts>
void measure_each(ports::Metrics& metrics, Metric metric, const Counts& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    // The array has one entry for each: NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    metrics.set(metric, {name(static_cast<Kind>(i))}, static_cast<double>(counts[i]));
  }
}

void measure_upstream(std::string_view upstream, const ClientCounters& counts, ports::Metrics& metrics) {
  const auto set = [&](Metric metric, ports::Metrics::Labels labels, auto value) {
    metrics.set(metric, labels, static_cast<double>(value));
  };
  set(Metric::upstream_connects, {upstream, "ok"}, counts.connections_opened);
  for (std::size_t i = 0; i < adapters::http::kConnectFaults; ++i) {
    const std::string_view fault = name(static_cast<adapters::http::ConnectFault>(i));
    set(Metric::upstream_connects, {upstream, fault}, counts.connects_failed[i]);
  }
  set(Metric::upstream_connections_reused, {upstream}, counts.pool_hits);
  set(Metric::upstream_connections_idle, {upstream}, counts.idle);
  set(Metric::upstream_stale_repeats, {upstream}, counts.stale_repeats);
  set(Metric::upstream_tls_handshakes, {upstream, "full"}, counts.tls_handshakes - counts.tls_resumed);
  set(Metric::upstream_tls_handshakes, {upstream, "resumed"}, counts.tls_resumed);
}

}  // namespace

void measure(const adapters::http::HttpServer& server, ports::Metrics& metrics) {
  const adapters::http::ServerCounts counts = server.counts();
  metrics.set(Metric::connections, {"caller"}, static_cast<double>(counts.connections));
  metrics.set(Metric::connections_opened, {"caller"}, static_cast<double>(counts.accepted));
  measure_each<adapters::http::RefusalReason>(metrics, Metric::requests_refused, counts.refused);
  measure_each<adapters::http::PauseReason>(metrics, Metric::accept_pauses, counts.pauses);
  measure_each<adapters::net::Handshake>(metrics, Metric::tls_handshakes, counts.handshakes);
}

void measure(const adapters::http::Client& client, ports::Metrics& metrics) {
  ClientCounters sum;
  for (const std::string_view upstream : client.upstream_names()) {
    const ClientCounters counts = client.counters(upstream);
    measure_upstream(upstream, counts, metrics);
    sum += counts;
  }
  metrics.set(Metric::connections, {"upstream"}, static_cast<double>(sum.open));
  metrics.set(Metric::connections_opened, {"upstream"}, static_cast<double>(sum.connections_opened));
}

}  // namespace dujiang::app
