// One configuration as the engine uses it: the routes, and the upstreams that they lead to.
//
// Immutable and shared: a request keeps the plan that it began with, whatever is loaded meanwhile.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/settings.hpp"
#include "engine/upstream.hpp"
#include "route/table.hpp"

namespace dujiang::engine {

struct Plan {
  std::shared_ptr<const Settings> settings;
  route::RouteTable routes;
  std::map<std::string, std::shared_ptr<Upstream>, std::less<>> upstreams;

  // Operations that name no model have routes of their own: the balance is asked of the first upstream that
  // tells one, a list of models of the upstream that it is about.
  route::RouteSpec balance_route;
  std::map<std::string, route::RouteSpec, std::less<>> models_routes;  // by upstream
};

// The upstreams that some plan uses, the newest or an older one under which requests are still under way.
using LivingUpstreams = std::map<std::string, std::weak_ptr<Upstream>, std::less<>>;

// A plan for `settings`: a living upstream of the same name goes on under them, others begin.
std::shared_ptr<const Plan> make_plan(runtime::Loop& loop, ports::Metrics& metrics,
                                      const std::shared_ptr<const Settings>& settings,
                                      LivingUpstreams& living);

}  // namespace dujiang::engine
