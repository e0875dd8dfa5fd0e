#include "app/front.hpp"

#include <utility>

#include "adapters/metrics/registry.hpp"
#include "api/error.hpp"
#include "api/openai/envelope.hpp"
#include "engine/request_id.hpp"

namespace dujiang::app {
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";

struct OwnAnswer {
  int status = 200;
  std::string content_type = kPlain;
  std::string body;
};

OwnAnswer refuse_method(std::string_view path) {
  const api::ApiError error = api::invalid_request(std::string(path) + " takes GET and HEAD only.",
                                                   std::nullopt, "method_not_allowed", 405);
  return {error.status, "application/json", api::openai::error_body(error)};
}

}  // namespace

Front::Front(ports::Handler engine, std::function<std::string()> metrics, base::Random& chance)
    : engine_(std::move(engine)), metrics_(std::move(metrics)), chance_(chance) {}

runtime::Task<void> Front::handle(const ports::CallerRequest& request, ports::CallerReply& reply) {
  OwnAnswer own;
  if (request.path != "/healthz" && request.path != "/readyz" && request.path != "/metrics") {
    co_await engine_(request, reply);
    co_return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    own = refuse_method(request.path);
  } else if (request.path == "/metrics") {
    own = {200, std::string(adapters::metrics::Registry::kContentType), metrics_()};
  } else if (request.path == "/readyz" && draining_) {
    own = {503, kPlain, "draining\n"};
  } else {
    own.body = request.path == "/readyz" ? "ready\n" : "ok\n";
  }
  http::Headers headers{{"Content-Type", own.content_type},
                        {"x-request-id", engine::request_id_of(request.headers, chance_)},
                        {"Cache-Control", "no-store"}};  // what is true now may be false in a second
  if (own.status == 405) headers.add("Allow", "GET, HEAD");
  reply.start(own.status, headers, own.body.size());
  if (co_await reply.write(own.body)) co_await reply.finish();
}

}  // namespace dujiang::app
