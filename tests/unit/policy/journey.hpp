// A request on its course, told as a script: sent(), saw(...), sent(), gave_up().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "policy/course.hpp"
#include "policy/retry_budget.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {

using Why = GiveUp::Why;

// Says what became of each attempt and looks at what the course makes of it.
class Journey {
 public:
  explicit Journey(std::uint32_t targets, base::Duration deadline = 60s, std::uint32_t max_attempts = 0,
                   const route::RouteSpec& settings = {})
      : course_(route_with(targets, settings), order_of(targets), max_attempts, at(deadline)) {}

  // What the course says now; the same until saw().
  Step next() {
    if (!step_) {
      step_ = course_.next(now_, chance_);
      if (const auto* draw = std::get_if<Draw>(&*step_)) {
        asked_.push_back(draw->target);
        step_ = course_.drawn(budget_.withdraw_by(now_, draw->latest));
      }
    }
    return *step_;
  }

  // The next step must be an attempt; time goes on to its start.
  Try sent() {
    const Step step = next();
    const Try* attempt = std::get_if<Try>(&step);
    if (attempt == nullptr) {
      ADD_FAILURE() << "gave up, why " << static_cast<int>(std::get<GiveUp>(step).why);
      return {};
    }
    EXPECT_GE(attempt->not_before, now_);
    now_ = attempt->not_before;
    return *attempt;
  }

  GiveUp gave_up() {
    const Step step = next();
    const GiveUp* end = std::get_if<GiveUp>(&step);
    if (end == nullptr) {
      ADD_FAILURE() << "tried target " << std::get<Try>(step).target;
      return {};
    }
    return *end;
  }

  void saw(AttemptOutcome outcome, base::Duration took = 0s) {
    now_ += took;
    outcome.target = std::get<Try>(next()).target;
    course_.observe(outcome, now_);
    step_.reset();
  }

  Course& course() { return course_; }
  RetryBudget& budget() { return budget_; }
  base::TimePoint now() const { return now_; }
  const std::vector<std::uint32_t>& asked() const { return asked_; }

 private:
  static route::RouteSpec route_with(std::uint32_t targets, route::RouteSpec spec) {
    spec.targets.resize(std::max<std::size_t>(targets, spec.targets.size()));
    return spec;
  }
  static std::vector<std::uint32_t> order_of(std::uint32_t targets) {
    std::vector<std::uint32_t> order(targets);
    std::iota(order.begin(), order.end(), 0U);
    return order;
  }

  Course course_;
  RetryBudget budget_{{.share = route::UpstreamSpec{}.possibly_billed_share,
                       .reserve_every = route::UpstreamSpec{}.possibly_billed_reserve}};
  base::Random chance_{42};
  base::TimePoint now_ = at(0s);
  std::optional<Step> step_;
  std::vector<std::uint32_t> asked_;
};

inline AttemptOutcome outcome(Finding finding, Billing billing = Billing::refused) {
  return {.finding = finding, .billing = billing};
}
inline AttemptOutcome busy() { return outcome(Finding::busy); }
inline AttemptOutcome busy_for(base::Duration span) {
  return {.finding = Finding::busy, .retry_after = span};
}
inline AttemptOutcome stalled() { return outcome(Finding::busy, Billing::possibly_billed); }
inline AttemptOutcome late() { return outcome(Finding::timed_out, Billing::possibly_billed); }

}  // namespace dujiang::policy
