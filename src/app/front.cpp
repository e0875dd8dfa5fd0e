#include "app/front.hpp"

#include <utility>

#include "adapters/metrics/registry.hpp"
#include "api/error.hpp"
#include "api/openai/envelope.hpp"
#include "http/request_id.hpp"

namespace dujiang::app {
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kAllow = "GET, HEAD, OPTIONS";

}  // namespace

Front::Front(ports::Handler engine, MetricsPage metrics, base::Random& chance)
    : engine_(std::move(engine)), metrics_(std::move(metrics)), chance_(chance) {}

// No coroutine of its own: a stream would hold its frame to the end.
runtime::Task<void> Front::handle(const ports::CallerRequest& request, ports::CallerReply& reply) {
  const bool own = request.path == "/healthz" || request.path == "/readyz" || request.path == "/metrics";
  if (!own) return engine_(request, reply);
  if (request.method == "OPTIONS") return answer(request, reply, 204, {{"Allow", kAllow}}, {});
  if (request.method != "GET" && request.method != "HEAD") return refuse_method(request, reply);
  if (request.path == "/metrics") return show_metrics(request, reply);
  if (request.path == "/readyz" && draining_) {
    return answer(request, reply, 503, {{"Content-Type", kPlain}}, "draining\n");
  }
  return answer(request, reply, 200, {{"Content-Type", kPlain}},
                request.path == "/readyz" ? "ready\n" : "ok\n");
}

runtime::Task<void> Front::show_metrics(const ports::CallerRequest& request, ports::CallerReply& reply) {
  std::string page = co_await metrics_();
  co_await answer(request, reply, 200,
                  {{"Content-Type", std::string(adapters::metrics::Registry::kContentType)}},
                  std::move(page));
}

runtime::Task<void> Front::answer(const ports::CallerRequest& request, ports::CallerReply& reply, int status,
                                  http::Headers headers, std::string body) {
  // What is true now may be false in a second.
  headers.add("Cache-Control", "no-store");
  headers.add(std::string(http::kRequestIdField),
              http::request_id(request.headers.get(http::kRequestIdField), chance_));
  reply.start(status, headers, body.size());
  if (co_await reply.write(body)) co_await reply.finish();
}

runtime::Task<void> Front::refuse_method(const ports::CallerRequest& request, ports::CallerReply& reply) {
  const api::ApiError error = api::invalid_request(std::string(request.path) + " takes GET and HEAD only.",
                                                   std::nullopt, "method_not_allowed", 405);
  co_await answer(request, reply, error.status, {{"Allow", kAllow}, {"Content-Type", "application/json"}},
                  api::openai::error_body(error));
}

}  // namespace dujiang::app
