// The list of models that callers can name: what the routes say, and what the upstreams behind open routes
// offer.
#pragma once

#include <string>
#include <string_view>

#include "engine/exchange.hpp"
#include "engine/plan.hpp"
#include "engine/services.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// A route that takes names it does not list leaves their list to its upstream: that one is asked, as the
// caller. An upstream that does not answer is left out, unless nothing else is known: then its error is the
// answer.
runtime::Task<void> list_models(Services& services, const Errand& errand);

// One model that the routes name.
runtime::Task<void> show_model(Services& services, const Errand& errand, std::string model);

// Whether the routes themselves name `model`, so that nobody has to be asked.
bool is_listed(const Plan& plan, std::string_view model);

}  // namespace dujiang::engine
