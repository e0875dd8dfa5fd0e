#include "engine/rights.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace dujiang::engine {
namespace {

api::ApiError not_allowed(std::string message, std::optional<std::string> param = std::nullopt) {
  return api::invalid_request(std::move(message), std::move(param), "key_not_allowed", 403);
}

}  // namespace

bool may_use(const policy::CallerKey* key, const route::RouteSpec& route) {
  if (key == nullptr || key->spec.routes.empty()) return true;
  return std::ranges::find(key->spec.routes, route.name) != key->spec.routes.end();
}

api::ApiError route_refused(const policy::CallerKey& key, std::string_view model) {
  return not_allowed("The key `" + key.spec.name + "` may not use the model `" + std::string(model) +
                         "`. GET /v1/models lists those that it may.",
                     "model");
}

std::optional<api::ApiError> balance_refused(const policy::CallerKey* key) {
  if (key == nullptr || key->spec.balance) return std::nullopt;
  return not_allowed("The key `" + key->spec.name +
                     "` may not read the balance of the gateway's account; that needs `balance: true` in the "
                     "key's entry.");
}

std::optional<api::ApiError> relay_refused(const policy::CallerKey* key) {
  if (key == nullptr || key->spec.routes.empty()) return std::nullopt;
  return not_allowed("The key `" + key->spec.name +
                     "` is bound to routes, and this path belongs to none, so that it is not relayed.");
}

}  // namespace dujiang::engine
