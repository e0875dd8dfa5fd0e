#include "balance/balancer.hpp"

#include <algorithm>
#include <utility>

namespace dujiang::balance {

Balancer::Balancer(std::size_t endpoints, std::unique_ptr<Strategy> strategy, base::Duration probe_interval)
    : strategy_(std::move(strategy)), probe_interval_(probe_interval), states_(endpoints) {
  candidates_.reserve(endpoints);
}

std::optional<std::size_t> Balancer::choose(base::TimePoint now, std::span<const std::size_t> tried) {
  candidates_.clear();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (usable(states_[i], now) && std::ranges::find(tried, i) == tried.end()) candidates_.push_back(i);
  }
  if (candidates_.empty()) return std::nullopt;
  const std::size_t chosen = strategy_->pick(candidates_);
  if (states_[chosen].down) states_[chosen].probing = true;
  return chosen;
}

void Balancer::connected(std::size_t endpoint) { states_[endpoint] = {}; }

void Balancer::refused(std::size_t endpoint, base::TimePoint now) {
  states_[endpoint] = {.down = true, .probing = false, .probe_at = base::after(now, probe_interval_)};
}

void Balancer::abandoned(std::size_t endpoint) { states_[endpoint].probing = false; }

void Balancer::inherit(std::size_t endpoint, const Balancer& before, std::size_t its) {
  states_[endpoint] = before.states_[its];
  states_[endpoint].probing = false;  // the other one hears the outcome
}

}  // namespace dujiang::balance
