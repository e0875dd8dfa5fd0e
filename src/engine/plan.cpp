#include "engine/plan.hpp"

#include <utility>

#include "provider/dialect.hpp"

namespace dujiang::engine {
namespace {

bool offers(const Setup& setup, api::Operation operation) {
  return provider::target_path(*setup.dialect, operation, {}).has_value();
}

}  // namespace

std::shared_ptr<Upstream> Upstreams::go_on_or_begin(Setup setup) {
  std::weak_ptr<Upstream>& entry = living_[setup.spec->name];
  std::shared_ptr<Upstream> upstream = entry.lock();
  if (upstream) {
    upstream->adopt(homes_.front().loop, std::move(setup));
  } else {
    const Home& home = homes_[next_home_++ % homes_.size()];
    upstream = std::make_shared<Upstream>(home.loop, home.metrics, std::move(setup));
    entry = upstream;
  }
  return upstream;
}

std::vector<std::shared_ptr<const route::UpstreamSpec>> upstreams_of(
    const std::shared_ptr<const Settings>& settings) {
  std::vector<std::shared_ptr<const route::UpstreamSpec>> upstreams;
  upstreams.reserve(settings->upstreams.size());
  for (const route::UpstreamSpec& spec : settings->upstreams) upstreams.emplace_back(settings, &spec);
  return upstreams;
}

std::shared_ptr<const Plan> Upstreams::make_plan(const std::shared_ptr<const Settings>& settings) {
  std::erase_if(living_, [](const auto& entry) { return entry.second.expired(); });
  Plan plan{.settings = settings, .routes = route::RouteTable(settings->routes)};
  plan.balance_route.name = "balance";
  for (const auto& spec : upstreams_of(settings)) {
    const Setup setup(spec);
    plan.upstreams.emplace(spec->name, PlannedUpstream{go_on_or_begin(setup), setup.dialect});
    route::Target target;
    target.upstream = spec->name;
    if (offers(setup, api::Operation::balance)) plan.balance_route.targets.push_back(target);
    if (offers(setup, api::Operation::models)) {
      route::RouteSpec& route = plan.models_routes[spec->name];
      route.name = "models";
      route.targets.push_back(target);
    }
  }
  return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace dujiang::engine
