#include "app/caller_gate.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "http/authority.hpp"
#include "http/credentials.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::app {
namespace {

// The same whether there is no key, no such id or another secret: nobody learns which ids there are.
ports::HeadRefusal no_such_key() {
  return {.status = 401,
          .code = "invalid_api_key",
          .message =
              "The API key is missing, or is none that this gateway knows. Send `Authorization: Bearer "
              "KEY`, or `x-api-key: KEY`, with a key from whoever runs the gateway.",
          .more = {{"WWW-Authenticate", "Bearer realm=\"dujiang\""}}};
}

ports::HeadRefusal two_keys() {
  return {.status = 400,
          .code = "ambiguous_api_key",
          .message =
              "The request presents two different keys; send one, as `Authorization: Bearer KEY` or as "
              "`x-api-key: KEY`."};
}

ports::HeadRefusal no_metrics() {
  return {.status = 403,
          .code = "key_not_allowed",
          .message =
              "This key may not read the metrics; they are open to the gateway's own machine, and to "
              "keys with `metrics: true`."};
}

bool is_from_here(const ports::CallerHead& head) {
  constexpr std::array<std::string_view, 4> kOfProxies = {"forwarded", "via", "x-forwarded-for", "x-real-ip"};
  const bool came_through = std::ranges::any_of(
      kOfProxies, [&](std::string_view name) { return head.headers.get(name).has_value(); });
  const auto peer = http::parse_authority(head.peer);
  return !came_through && peer && http::is_loopback_host(peer->host);
}

}  // namespace

ports::Clearance CallerGate::clear(const ports::CallerHead& head) const {
  if (!keys_ || head.path == "/healthz" || head.path == "/readyz") return {};
  const bool is_for_metrics = head.path == "/metrics";
  if (is_for_metrics && is_from_here(head)) return {};
  const http::PresentedKey presented = http::presented_key(head.headers);
  if (presented.ambiguous) return refuse("ambiguous", two_keys());
  auto key = keys_->find(presented.key);
  if (!key) return refuse(presented.key.empty() ? "missing" : "unknown", no_such_key());
  if (is_for_metrics && !key->spec.metrics) return refuse("not_allowed", no_metrics());
  const auto max_body = key->spec.max_body;
  return {.key = std::move(key), .max_body = max_body};
}

ports::Clearance CallerGate::refuse(std::string_view reason, ports::HeadRefusal refusal) const {
  metrics_.add(ports::Metric::caller_keys_refused, {reason});
  return {.refusal = std::move(refusal)};
}

}  // namespace dujiang::app
