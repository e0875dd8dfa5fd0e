// What a request asks for, decided before anything is sent: the call, its route and targets, its limits.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "api/wire_format.hpp"
#include "base/random.hpp"
#include "engine/plan.hpp"
#include "policy/deadline.hpp"
#include "ports/http_server.hpp"
#include "route/spec.hpp"

namespace dujiang::engine {

struct Intake {
  api::Operation operation{};
  api::Call call;
  const route::RouteSpec* route = nullptr;  // given beforehand where no body names the model
  std::vector<std::uint32_t> targets;       // in the order in which they are tried
  policy::Deadline deadline{};
  std::uint32_t max_attempts = 0;            // the caller's own bound; 0: none
  std::string_view caller_class;             // of the caller's key, or else of the route
  std::optional<base::Duration> keep_alive;  // absent: no signs of life for a caller who waits
};

// Reads a request against a plan. What an error leaves unread stays as it was in `intake`; the error is the
// caller's to mend, and says how.
std::expected<void, api::ApiError> read_intake(const Plan& plan, const api::WireFormat& format,
                                               const ports::CallerRequest& request, base::Random& chance,
                                               Intake& intake);

api::ApiError unknown_model(std::string_view model, const route::RouteTable& routes);

// The model's name at a target: its own, or the one that the caller named.
std::string_view model_at(const route::Target& target, const api::Call& call);

}  // namespace dujiang::engine
