#include "engine/gateway.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/openai/wire_format.hpp"
#include "engine/answer.hpp"
#include "engine/directory.hpp"
#include "engine/exchange.hpp"
#include "engine/passthrough.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::engine {
namespace {

constexpr std::size_t kMaxRequestId = 128;

// The caller's own id if it is fit for a header and a log line, else a new one.
std::string request_id_of(const http::Headers& headers, base::Random& chance) {
  const auto given = headers.get("x-request-id");
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (given && !given->empty() && given->size() <= kMaxRequestId && std::ranges::all_of(*given, printable)) {
    return std::string(*given);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id = "req_";
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t bits = chance.next();
    for (int shift = 0; shift < 64; shift += 4) id += kHex[(bits >> shift) & 15];
  }
  return id;
}

api::ApiError unknown_path(std::string_view path) {
  return api::invalid_request(
      "The path " + std::string(path) +
          " is not one that Dujiang knows. To relay such paths to an upstream as they are, name it in the "
          "configuration: `relay_unknown_paths_to: UPSTREAM`.",
      std::nullopt, "unknown_path", 404);
}

api::ApiError wrong_method(std::string_view method, std::string_view allow) {
  return api::invalid_request("This path takes " + std::string(allow) + ", not " + std::string(method) + ".",
                              std::nullopt, "method_not_allowed", 405);
}

}  // namespace

Gateway::Gateway(runtime::Loop& loop, ports::HttpClient& client, ports::Metrics& metrics,
                 ports::AccessLog& log, std::shared_ptr<const Settings> settings)
    : plan_(make_plan(loop, metrics, settings)),
      format_(api::openai::wire_format()),
      memory_(settings->retry_memory_bytes),
      services_{loop, client, metrics, log, untold_, memory_} {}

// An error of the caller's that no upstream is asked about.
runtime::Task<void> Gateway::refuse(const ports::CallerRequest& request, ports::CallerReply& reply,
                                    api::ApiError error, http::Headers more, std::string request_id) {
  Ledger ledger(services_, "other", request, request_id);
  Answer answer(reply, format_, request_id, false);
  ledger.failed(error.code, false);
  co_await answer.fail(std::move(error), std::move(more));
  ledger.sent(answer.status(), answer.bytes_written());
}

runtime::Task<void> Gateway::handle(const ports::CallerRequest& request, ports::CallerReply& reply) {
  services_.metrics.set(ports::Metric::requests_in_flight, {}, static_cast<double>(++in_flight_));
  std::string request_id = request_id_of(request.headers, services_.loop.random());
  const api::PathMatch match = format_.match(request.method, request.path);
  if (const auto* asked = std::get_if<api::Matched>(&match)) {
    co_await serve(request, reply, *asked, std::move(request_id));
  } else if (const auto* wrong = std::get_if<api::WrongMethod>(&match)) {
    http::Headers allow{{"Allow", std::string(wrong->allow)}};
    co_await refuse(request, reply, wrong_method(request.method, wrong->allow), std::move(allow),
                    std::move(request_id));
  } else {
    co_await serve_unknown(request, reply, std::move(request_id));
  }
  services_.metrics.set(ports::Metric::requests_in_flight, {}, static_cast<double>(--in_flight_));
}

runtime::Task<void> Gateway::serve(const ports::CallerRequest& request, ports::CallerReply& reply,
                                   api::Matched asked, std::string request_id) {
  const std::shared_ptr<const Plan> plan = plan_;
  if (asked.operation == api::Operation::models) {
    co_await list_models(services_, plan, request, reply, format_, std::move(request_id));
    co_return;
  }
  const route::RouteSpec* route = nullptr;  // where a body names the model, the exchange finds its route
  if (asked.operation == api::Operation::model) {
    route = plan->routes.match(asked.model);
    if (route == nullptr) {
      co_await refuse(request, reply, unknown_model(asked.model, plan->routes), {}, std::move(request_id));
      co_return;
    }
    if (is_listed(*plan, asked.model)) {
      co_await show_model(services_, request, reply, format_, asked.model, std::move(request_id));
      co_return;
    }
  }
  if (asked.operation == api::Operation::balance) route = &plan->balance_route;
  Exchange exchange(services_, plan, request, reply, format_, std::move(asked), route, std::move(request_id));
  co_await exchange.run();
}

runtime::Task<void> Gateway::serve_unknown(const ports::CallerRequest& request, ports::CallerReply& reply,
                                           std::string request_id) {
  const std::shared_ptr<const Plan> plan = plan_;
  if (const auto& name = plan->settings->relay_unknown_paths_to) {
    co_await pass_through(services_, plan->upstreams.find(*name)->second, request, reply, format_,
                          std::move(request_id));
    co_return;
  }
  co_await refuse(request, reply, unknown_path(request.path), {}, std::move(request_id));
}

}  // namespace dujiang::engine
