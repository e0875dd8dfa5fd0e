#include "engine/intake.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "engine/rights.hpp"
#include "provider/dialect.hpp"
#include "route/table.hpp"

namespace dujiang::engine {
namespace {

using Read = std::expected<void, api::ApiError>;

constexpr std::uint32_t kMaxAttemptsBound = 1000;

// More bytes than a token has in any language: a target is left out only if the prompt is surely too long.
constexpr std::uint64_t kBytesPerToken = 6;

std::optional<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > kMaxAttemptsBound) return std::nullopt;
  return value;
}

Read find_route(const Plan& plan, const policy::CallerKey* key, Intake& intake) {
  intake.route = plan.routes.match(intake.call.model);
  if (intake.route == nullptr) return std::unexpected(unknown_model(intake.call.model, plan.routes));
  if (!may_use(key, *intake.route)) return std::unexpected(route_refused(*key, intake.call.model));
  return {};
}

// What the caller's key says against the route.
void apply_key(const policy::CallerKey* key, base::TimePoint received, Intake& intake) {
  intake.caller_class = intake.route->caller_class;
  if (key == nullptr) return;
  if (key->spec.caller_class) intake.caller_class = *key->spec.caller_class;
  if (!key->spec.deadline) return;
  intake.deadline.until = std::min(intake.deadline.until, base::after(received, *key->spec.deadline));
}

bool offers(const Plan& plan, const route::Target& target, const Intake& intake) {
  const provider::Dialect& dialect = *plan.upstreams.find(target.upstream)->second.dialect;
  return provider::target_path(dialect, intake.operation, model_at(target, intake.call)).has_value();
}

Read find_targets(const Plan& plan, std::string_view path, base::Random& chance, Intake& intake) {
  const api::Call& call = intake.call;
  const route::RouteSpec& route = *intake.route;
  route::Fit fit = route::fit_targets(route, {.tools = call.needs_tools,
                                              .json_mode = call.needs_json,
                                              .thinking = call.thinking,
                                              .approx_prompt_tokens = call.prompt_bytes / kBytesPerToken,
                                              .max_tokens = call.max_tokens.value_or(0)});
  if (fit.targets.empty()) {
    return std::unexpected(api::invalid_request(
        "No target of the route `" + route.name + "` can do what the request asks for: " + fit.reason,
        std::nullopt, "unsupported"));
  }
  std::erase_if(fit.targets,
                [&](std::uint32_t index) { return !offers(plan, route.targets[index], intake); });
  if (fit.targets.empty()) {
    return std::unexpected(api::invalid_request("No upstream of the route `" + route.name +
                                                    "` that fits the request offers " + std::string(path) +
                                                    ".",
                                                std::nullopt, "unsupported", 404));
  }
  intake.targets = route::order_targets(route, fit.targets, chance);
  return {};
}

Read read_limits(const ports::CallerRequest& request, Intake& intake) {
  const http::Headers& headers = request.headers;
  const auto deadline =
      policy::deadline_of({.dujiang_deadline_ms = headers.get("x-dujiang-deadline-ms"),
                           .stainless_read_timeout = headers.get("x-stainless-read-timeout"),
                           .stainless_timeout = headers.get("x-stainless-timeout")},
                          intake.route->clocks, intake.call.stream, request.received);
  if (!deadline) {
    return std::unexpected(api::invalid_request(deadline.error().message, "x-dujiang-deadline-ms"));
  }
  intake.deadline = *deadline;
  apply_key(request.key.get(), request.received, intake);

  if (const auto text = headers.get("x-dujiang-max-attempts")) {
    const auto bound = parse_count(*text);
    if (!bound) {
      return std::unexpected(
          api::invalid_request("`x-dujiang-max-attempts` must be a whole number from 1 to 1000, as in "
                               "`x-dujiang-max-attempts: 1`.",
                               "x-dujiang-max-attempts"));
    }
    intake.max_attempts = *bound;
  }

  intake.keep_alive = intake.route->keep_alive;
  if (const auto wish = headers.get("x-dujiang-keep-alive")) {
    if (!base::iequals(*wish, "off")) {
      return std::unexpected(
          api::invalid_request("`x-dujiang-keep-alive` can only be `off`, which turns the signs "
                               "of life for a waiting caller off; leave it out for the default.",
                               "x-dujiang-keep-alive"));
    }
    intake.keep_alive.reset();
  }
  return {};
}

}  // namespace

std::string_view model_at(const route::Target& target, const api::Call& call) {
  return target.model.empty() ? std::string_view(call.model) : std::string_view(target.model);
}

api::ApiError unknown_model(std::string_view model, const route::RouteTable& routes) {
  return api::invalid_request("The model `" + std::string(model) +
                                  "` is not served here. Known models: " + routes.known_models() + ".",
                              "model", "model_not_found", 404);
}

Read read_intake(const Plan& plan, const api::WireFormat& format, const ports::CallerRequest& request,
                 base::Random& chance, Intake& intake) {
  if (api::has_body(intake.operation)) {
    auto call = format.read(intake.operation, request.body);
    if (!call) return std::unexpected(std::move(call.error()));
    intake.call = std::move(*call);
    if (Read found = find_route(plan, request.key.get(), intake); !found) return found;
  }
  if (Read found = find_targets(plan, request.path, chance, intake); !found) return found;
  return read_limits(request, intake);
}

}  // namespace dujiang::engine
