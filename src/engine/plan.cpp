#include "engine/plan.hpp"

#include <utility>

#include "provider/dialect.hpp"

namespace dujiang::engine {
namespace {

bool offers(const Upstream& upstream, api::Operation operation) {
  return provider::target_path(upstream.dialect(), operation, {}).has_value();
}

}  // namespace

std::shared_ptr<const Plan> make_plan(runtime::Loop& loop, ports::Metrics& metrics,
                                      const std::shared_ptr<const Settings>& settings) {
  Plan plan{.settings = settings, .routes = route::RouteTable(settings->routes)};
  plan.balance_route.name = "balance";
  for (const route::UpstreamSpec& spec : settings->upstreams) {
    const auto upstream = std::make_shared<Upstream>(loop, metrics, spec);
    plan.upstreams.emplace(spec.name, upstream);
    route::Target target;
    target.upstream = spec.name;
    if (offers(*upstream, api::Operation::balance)) plan.balance_route.targets.push_back(target);
    if (offers(*upstream, api::Operation::models)) {
      route::RouteSpec& route = plan.models_routes[spec.name];
      route.name = "models";
      route.targets.push_back(target);
    }
  }
  return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace dujiang::engine
