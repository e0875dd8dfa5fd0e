// What the key of a caller lets it do, where its operator has bounded that.
#pragma once

#include <optional>
#include <string_view>

#include "api/error.hpp"
#include "policy/caller_key.hpp"
#include "route/spec.hpp"

namespace dujiang::engine {

// A null key is that of a gateway whose callers need none: it may do everything.
bool may_use(const policy::CallerKey* key, const route::RouteSpec& route);

// The refusals: 403, and what would be allowed.
api::ApiError route_refused(const policy::CallerKey& key, std::string_view model);
std::optional<api::ApiError> balance_refused(const policy::CallerKey* key);
// Paths that the gateway does not know belong to no route.
std::optional<api::ApiError> relay_refused(const policy::CallerKey* key);

}  // namespace dujiang::engine
