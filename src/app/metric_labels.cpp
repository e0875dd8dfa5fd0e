#include "app/metric_labels.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "adapters/http/server.hpp"
#include "app/version.hpp"
#include "provider/code.hpp"
#include "provider/dialect.hpp"

namespace dujiang::app {
namespace {

// Codes of errors that the engine finds in a caller's request by itself, besides those of attempts.
constexpr std::array<std::string_view, 14> kCallerErrors = {
    "duplicate_key",      "empty_body",      "invalid_json",  "invalid_request_error",
    "invalid_type",       "invalid_value",   "missing_model", "missing_messages",
    "method_not_allowed", "model_not_found", "out_of_range",  "too_many_streams",
    "unknown_path",       "unsupported"};

// Codes of the errors that the HTTP front and the gate answer by themselves.
constexpr std::array<std::string_view, 15> kFrontErrors = {
    "malformed_request",      "target_too_long",
    "head_too_large",         "transfer_coding_not_supported",
    "body_too_large",         "http_version_not_supported",
    "malformed_body",         "expectation_not_supported",
    "host_not_allowed",       "origin_not_allowed",
    "unsupported_media_type", "invalid_api_key",
    "ambiguous_api_key",      "key_not_allowed",
    "internal_error"};

// Names that DeepSeek has, or has had, for the routes that take whatever name a caller uses.
constexpr std::array<std::string_view, 5> kUsualModels = {
    "deepseek-flash", "deepseek-v4-pro", "deepseek-v4-flash", "deepseek-chat", "deepseek-reasoner"};

void declare_model(adapters::metrics::Registry& registry, std::string_view model) {
  registry.declare("model", model);
  registry.declare("gen_ai_request_model", model);
}

}  // namespace

void declare_labels(adapters::metrics::Registry& registry, const config::Config& config) {
  registry.declare("version", version());
  registry.declare("commit", commit());
  for (const provider::Dialect* dialect : provider::all_dialects()) {
    registry.declare("gen_ai_provider_name", dialect->name);
  }
  for (const route::UpstreamSpec& upstream : config.gateway.upstreams)
    registry.declare("upstream", upstream.name);
  for (std::string_view model : kUsualModels) declare_model(registry, model);
  // Routes of the engine's own, for what names no model.
  for (std::string_view route : {"balance", "models"}) registry.declare("route", route);
  for (const route::RouteSpec& route : config.gateway.routes) {
    registry.declare("route", route.name);
    if (!route.match.ends_with('*')) declare_model(registry, route.match);
    for (const route::Target& target : route.targets) declare_model(registry, target.model);
  }
  for (std::string_view label : {"outcome", "reason", "result", "error_type"}) {
    for (std::string_view code : provider::code_names()) registry.declare(label, code);
  }
  for (std::string_view label : {"result", "error_type"}) {
    for (std::string_view code : kCallerErrors) registry.declare(label, code);
    for (std::string_view code : kFrontErrors) registry.declare(label, code);
  }
  if (config.caller_keys) {
    for (const route::CallerKeySpec& key : config.caller_keys->keys) registry.declare("caller", key.name);
  }
  registry.declare("listener", "listen");
  for (std::size_t i = 0; i < config.listen.also.size(); ++i) {
    registry.declare("listener", fmt::format("listen.also[{}]", i));
  }
  for (std::size_t i = 0; i < adapters::http::kRefusalReasons; ++i) {
    registry.declare("reason", name(static_cast<adapters::http::RefusalReason>(i)));
  }
}

}  // namespace dujiang::app
