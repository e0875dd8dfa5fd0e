#include "route/table.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

namespace dujiang::route {

namespace {

bool is_prefix(const RouteSpec& route) { return route.match.ends_with('*'); }

std::string_view prefix_of(const RouteSpec& route) {
  return std::string_view(route.match).substr(0, route.match.size() - 1);
}

// Why `target` can't honour the call; empty when it can.
std::string obstacle(const Capabilities& can, const Needs& needs) {
  if (needs.tools && can.tools == false) return "does not offer tools";
  if (needs.json_mode && can.json_mode == false) return "does not offer JSON mode";
  if (needs.thinking == true && can.thinking == false) return "does not offer thinking";
  if (can.context_tokens) {
    const std::uint64_t room = *can.context_tokens;
    if (needs.max_tokens > room || needs.approx_prompt_tokens > room - needs.max_tokens) {
      return "has a context of " + std::to_string(room) + " tokens, the call needs at least " +
             std::to_string(needs.approx_prompt_tokens) + " for its prompt and " +
             std::to_string(needs.max_tokens) + " for max_tokens";
    }
  }
  return {};
}

std::string name_of(const Target& target) {
  return target.model.empty() ? target.upstream : target.upstream + "/" + target.model;
}

}  // namespace

RouteTable::RouteTable(std::vector<RouteSpec> routes) : routes_(std::move(routes)) {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (is_prefix(routes_[i])) {
      prefixes_.push_back(i);
    } else {
      exact_.try_emplace(routes_[i].match, i);
    }
  }
  std::ranges::sort(prefixes_, std::less{}, [this](std::size_t i) {
    return std::pair(-static_cast<std::ptrdiff_t>(routes_[i].match.size()), i);
  });
}

const RouteSpec* RouteTable::match(std::string_view model) const {
  if (auto it = exact_.find(model); it != exact_.end()) return &routes_[it->second];
  for (const std::size_t i : prefixes_) {
    if (model.starts_with(prefix_of(routes_[i]))) return &routes_[i];
  }
  return nullptr;
}

std::vector<std::string> RouteTable::model_names() const {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) names.push_back(name);
  };
  for (const RouteSpec& route : routes_) {
    if (!is_prefix(route)) {
      add(route.match);
      continue;
    }
    for (const Target& target : route.targets) {
      if (!target.model.empty() && match(target.model) == &route) add(target.model);
    }
  }
  return names;
}

std::string RouteTable::known_models() const {
  std::string text;
  for (const RouteSpec& route : routes_) {
    if (!text.empty()) text += ", ";
    text += route.match;
  }
  return text;
}

Fit fit_targets(const RouteSpec& route, const Needs& needs) {
  Fit fit;
  std::string obstacles;
  for (std::uint32_t i = 0; i < route.targets.size(); ++i) {
    const Target& target = route.targets[i];
    const std::string why = obstacle(target.can, needs);
    if (why.empty()) {
      fit.targets.push_back(i);
    } else {
      if (!obstacles.empty()) obstacles += "; ";
      obstacles += name_of(target) + " " + why;
    }
  }
  if (fit.targets.empty()) {
    fit.reason = "No target of this model can serve the call: " +
                 (obstacles.empty() ? "the route \"" + route.name + "\" has no targets" : obstacles) + ".";
  }
  return fit;
}

// Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the order of u^(1/w), u
// uniform, is a draw by weight without replacement. Here as -log(u)/w, which does not underflow, least first.
std::vector<std::uint32_t> order_targets(const RouteSpec& route, std::span<const std::uint32_t> targets,
                                         base::Random& chance) {
  if (route.order == Order::ordered) return {targets.begin(), targets.end()};
  struct Draw {
    double key;
    std::uint32_t target;
    auto operator<=>(const Draw&) const = default;
  };
  std::vector<Draw> draws;
  draws.reserve(targets.size());
  for (const std::uint32_t target : targets) {
    const double u = 1.0 - chance.uniform();  // in (0, 1]
    const std::uint32_t weight = route.targets[target].weight;
    draws.push_back({weight == 0 ? HUGE_VAL : -std::log(u) / weight, target});
  }
  std::ranges::sort(draws);
  std::vector<std::uint32_t> order(draws.size());
  std::ranges::transform(draws, order.begin(), &Draw::target);
  return order;
}

}  // namespace dujiang::route
