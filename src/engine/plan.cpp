#include "engine/plan.hpp"

#include <utility>

#include "provider/dialect.hpp"

namespace dujiang::engine {
namespace {

bool offers(const Upstream& upstream, api::Operation operation) {
  return provider::target_path(upstream.dialect(), operation, {}).has_value();
}

std::shared_ptr<Upstream> go_on_or_begin(runtime::Loop& loop, ports::Metrics& metrics, Setup setup,
                                         LivingUpstreams& living) {
  std::weak_ptr<Upstream>& entry = living[setup.spec->name];
  std::shared_ptr<Upstream> upstream = entry.lock();
  if (upstream) {
    upstream->adopt(std::move(setup));
  } else {
    upstream = std::make_shared<Upstream>(loop, metrics, std::move(setup));
    entry = upstream;
  }
  return upstream;
}

}  // namespace

std::vector<std::shared_ptr<const route::UpstreamSpec>> upstreams_of(
    const std::shared_ptr<const Settings>& settings) {
  std::vector<std::shared_ptr<const route::UpstreamSpec>> upstreams;
  upstreams.reserve(settings->upstreams.size());
  for (const route::UpstreamSpec& spec : settings->upstreams) upstreams.emplace_back(settings, &spec);
  return upstreams;
}

std::shared_ptr<const Plan> make_plan(runtime::Loop& loop, ports::Metrics& metrics,
                                      const std::shared_ptr<const Settings>& settings,
                                      LivingUpstreams& living) {
  Plan plan{.settings = settings, .routes = route::RouteTable(settings->routes)};
  plan.balance_route.name = "balance";
  for (const auto& spec : upstreams_of(settings)) {
    const auto upstream = go_on_or_begin(loop, metrics, Setup(spec), living);
    plan.upstreams.emplace(spec->name, upstream);
    route::Target target;
    target.upstream = spec->name;
    if (offers(*upstream, api::Operation::balance)) plan.balance_route.targets.push_back(target);
    if (offers(*upstream, api::Operation::models)) {
      route::RouteSpec& route = plan.models_routes[spec->name];
      route.name = "models";
      route.targets.push_back(target);
    }
  }
  return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace dujiang::engine
