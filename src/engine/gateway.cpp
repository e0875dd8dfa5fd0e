#include "engine/gateway.hpp"

#include <utility>

#include "api/openai/wire_format.hpp"
#include "engine/answer.hpp"
#include "engine/directory.hpp"
#include "engine/exchange.hpp"
#include "engine/passthrough.hpp"
#include "engine/rights.hpp"
#include "http/request_id.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::engine {
namespace {

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

// Whoever answers a TRACE sends back what it got, the operator's key among it.
api::ApiError no_trace() {
  return api::invalid_request("TRACE is not relayed, since its answer would show the upstream's key.",
                              std::nullopt, "method_not_allowed", 405);
}

}  // namespace

Gateway::Gateway(runtime::Loop& loop, ports::HttpClient& client, ports::Metrics& metrics,
                 ports::AccessLog& log, Commons& commons)
    : format_(api::openai::wire_format()), services_{loop, client, metrics, log, commons} {}

runtime::Task<void> Gateway::handle(const ports::CallerRequest& request, ports::CallerReply& reply) {
  services_.metrics.set(ports::Metric::requests_in_flight, {}, static_cast<double>(++in_flight_));
  const Errand errand{plan_, request, reply, format_,
                      http::request_id(request.headers.get(http::kRequestIdField), services_.loop.random())};
  co_await see_to(errand);
  services_.metrics.set(ports::Metric::requests_in_flight, {}, static_cast<double>(--in_flight_));
}

// What follows picks the coroutine that goes on, and is none: a frame would be held as long as the answer
// takes.
runtime::Task<void> Gateway::see_to(const Errand& errand) {
  const ports::CallerRequest& request = errand.request;
  api::PathMatch match = format_.match(request.method, request.path);
  if (auto* asked = std::get_if<api::Matched>(&match)) return see_to(errand, std::move(*asked));
  if (const auto* wrong = std::get_if<api::WrongMethod>(&match)) {
    http::Headers allow{{"Allow", std::string(wrong->allow)}};
    if (request.method == "OPTIONS") return tell_options(errand, std::move(allow));
    return refuse(errand, wrong_method(request.method, wrong->allow), std::move(allow));
  }
  if (request.method == "OPTIONS" && request.path == "*") {
    return tell_options(errand, {{"Allow", "GET, HEAD, POST, OPTIONS"}});
  }
  if (request.method == "TRACE") return refuse(errand, no_trace());
  const auto& relay_to = errand.plan->settings->relay_unknown_paths_to;
  if (!relay_to) return refuse(errand, unknown_path(request.path));
  if (auto refusal = relay_refused(request.key.get())) return refuse(errand, std::move(*refusal));
  return pass_through(services_, errand, errand.plan->upstreams.find(*relay_to)->second.state);
}

void Gateway::adopt(const Plan& plan) {
  plan_ = std::make_shared<const Plan>(plan);
  for (const auto& [name, upstream] : plan.upstreams) {
    if (&upstream.state->home() == &services_.loop) at_home_.insert_or_assign(name, upstream.state);
  }
}

void Gateway::measure() {
  std::erase_if(at_home_, [&](const auto& entry) {
    const auto& [name, living] = entry;
    const auto upstream = living.lock();
    if (upstream) {
      upstream->measure();
    } else {
      services_.metrics.set(ports::Metric::retry_budget_balance, {name}, 0);
    }
    return upstream == nullptr;
  });
}

runtime::Task<void> Gateway::see_to(const Errand& errand, api::Matched asked) {
  switch (asked.operation) {
    case api::Operation::models:
      return list_models(services_, errand);
    case api::Operation::model:
      return see_to_model(errand, std::move(asked));
    case api::Operation::balance:
      if (auto refusal = balance_refused(errand.request.key.get()))
        return refuse(errand, std::move(*refusal));
      return serve(services_, errand, std::move(asked), &errand.plan->balance_route);
    case api::Operation::chat:
    case api::Operation::beta_chat:
    case api::Operation::completions:
    case api::Operation::beta_completions:
    case api::Operation::embeddings:
      break;
  }
  return serve(services_, errand, std::move(asked));
}

runtime::Task<void> Gateway::see_to_model(const Errand& errand, api::Matched asked) {
  const Plan& plan = *errand.plan;
  const route::RouteSpec* route = plan.routes.match(asked.model);
  if (route == nullptr) return refuse(errand, unknown_model(asked.model, plan.routes));
  if (!may_use(errand.request.key.get(), *route)) {
    return refuse(errand, route_refused(*errand.request.key, asked.model));
  }
  if (is_listed(plan, asked.model)) return show_model(services_, errand, std::move(asked.model));
  return serve(services_, errand, std::move(asked), route);
}

runtime::Task<void> Gateway::tell_options(const Errand& errand, http::Headers allow) {
  Ledger ledger(services_, "other", errand.request, errand.request_id);
  allow.add("x-request-id", errand.request_id);
  errand.reply.start(204, allow, std::nullopt);
  if (co_await errand.reply.finish()) ledger.result("ok");
  ledger.sent(204, 0);
}

runtime::Task<void> Gateway::refuse(const Errand& errand, api::ApiError error, http::Headers more) {
  Ledger ledger(services_, "other", errand.request, errand.request_id);
  Answer answer(errand.reply, errand.format, errand.request_id, false);
  ledger.failed(error.code, false);
  co_await answer.fail(std::move(error), std::move(more));
  ledger.sent(answer.status(), answer.bytes_written());
}

}  // namespace dujiang::engine
