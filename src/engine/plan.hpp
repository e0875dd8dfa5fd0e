// One configuration as the engine uses it: the routes, and the upstreams that they lead to.
//
// Immutable: a request keeps the plan that it began with, whatever is loaded meanwhile. Each loop has a copy
// of its own; the upstreams are the same.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/settings.hpp"
#include "engine/upstream.hpp"
#include "route/table.hpp"

namespace dujiang::engine {

struct PlannedUpstream {
  std::shared_ptr<Upstream> state;
  const provider::Dialect* dialect;
};

struct Plan {
  std::shared_ptr<const Settings> settings;
  route::RouteTable routes;
  std::map<std::string, PlannedUpstream, std::less<>> upstreams;

  // Operations that name no model have routes of their own: the balance is asked of the first upstream that
  // tells one, a list of models of the upstream that it is about.
  route::RouteSpec balance_route;
  std::map<std::string, route::RouteSpec, std::less<>> models_routes;  // by upstream
};

// The upstreams that some plan uses, the newest or an older one under which requests are still under way; and
// the loops on which they live.
class Upstreams {
 public:
  // A loop, with the metrics that are kept on it.
  struct Home {
    runtime::Loop& loop;
    ports::Metrics& metrics;
  };

  // All calls are made on the first loop, or before any runs. New upstreams find their homes in turn.
  explicit Upstreams(std::vector<Home> homes) : homes_(std::move(homes)) {}

  // A plan for `settings`: a living upstream of the same name goes on under them, others begin.
  std::shared_ptr<const Plan> make_plan(const std::shared_ptr<const Settings>& settings);

 private:
  std::shared_ptr<Upstream> go_on_or_begin(Setup setup);

  std::vector<Home> homes_;
  std::size_t next_home_ = 0;
  std::map<std::string, std::weak_ptr<Upstream>, std::less<>> living_;
};

}  // namespace dujiang::engine
