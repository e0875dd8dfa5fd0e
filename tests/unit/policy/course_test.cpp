#include "policy/course.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "unit/policy/journey.hpp"

namespace dujiang::policy {
namespace {

TEST(Course, BeginsAtOnceWithTheFirstTarget) {
  Journey journey(2);
  const Try first = journey.sent();
  EXPECT_EQ(first.target, 0u);
  EXPECT_EQ(first.not_before, at(0s));
  EXPECT_FALSE(first.paid_repeat);
}

TEST(Course, FreeRefusalsOfTheOnlyTargetArePacedAndGoOnUntilTheDeadline) {
  Journey journey(1, 60s);
  int attempts = 0;
  while (std::holds_alternative<Try>(journey.next())) {
    EXPECT_FALSE(journey.sent().paid_repeat);
    journey.saw(busy(), 10ms);
    ASSERT_LT(++attempts, 200);
  }
  EXPECT_GE(attempts, 5);
  EXPECT_GT(journey.now(), at(55s));
  EXPECT_LE(journey.now(), at(60s) + 10ms) << "the last attempt began before the deadline";
  EXPECT_TRUE(journey.asked().empty());
  EXPECT_EQ(journey.gave_up().why, Why::deadline);
  EXPECT_EQ(journey.gave_up().cause, 0u);
}

TEST(Course, TheBackoffDoubles) {
  double sums[4] = {};
  for (int run = 0; run < 300; ++run) {
    base::Random chance(static_cast<std::uint64_t>(run));
    route::RouteSpec spec;
    spec.targets.resize(1);
    Course course(spec, {0}, 0, at(1h));
    std::ignore = course.next(at(0s), chance);
    for (double& sum : sums) {
      course.observe(busy(), at(0s));
      sum += base::seconds(std::get<Try>(course.next(at(0s), chance)).not_before - at(0s));
    }
  }
  double expected = 0.5;
  for (const double sum : sums) {
    EXPECT_NEAR(sum / 300, expected, expected * 0.15);
    expected *= 2;
  }
}

TEST(Course, ABackoffStaysWithinHalfOfTheTimeLeft) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    base::Random chance(seed);
    route::RouteSpec spec;
    spec.targets.resize(1);
    spec.retries.backoff_initial = 1s;
    Course course(spec, {0}, 0, at(20s));
    base::TimePoint now = at(0s);
    for (Step step = course.next(now, chance); std::holds_alternative<Try>(step);
         step = course.next(now, chance)) {
      const base::TimePoint start = std::get<Try>(step).not_before;
      ASSERT_LE(start - now, std::max<base::Duration>((at(20s) - now) / 2, 1s));
      now = start;
      course.observe(busy(), now);
    }
    ASSERT_GT(now, at(18s));
  }
}

TEST(Course, ARefusalGoesToTheNextTargetAtOnceAndToTheFirstAfterABackoff) {
  Journey journey(3);
  EXPECT_EQ(journey.sent().target, 0u);
  journey.saw(busy(), 1ms);
  EXPECT_EQ(journey.sent().target, 1u);
  journey.saw(busy(), 1ms);
  EXPECT_EQ(journey.sent().target, 2u);
  EXPECT_EQ(journey.now(), at(2ms));
  journey.saw(busy(), 1ms);
  EXPECT_EQ(journey.sent().target, 0u);
  EXPECT_GT(journey.now(), at(3ms));
}

TEST(Course, RetryAfterIsObeyedAndATargetThatAskedForItIsPassedByMeanwhile) {
  Journey alone(1);
  alone.sent();
  alone.saw(busy_for(7s));
  EXPECT_EQ(alone.sent().not_before, at(7s));

  Journey journey(2);
  journey.sent();
  journey.saw(busy_for(30s));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(journey.sent().target, 1u);
    ASSERT_LT(journey.now(), at(30s));
    journey.saw(busy());
  }
}

TEST(Course, ARetryAfterBeyondTheDeadlineEndsItAtOnce) {
  Journey journey(1, 60s);
  journey.sent();
  journey.saw(busy_for(300s));
  EXPECT_EQ(journey.gave_up().why, Why::no_target);
  EXPECT_EQ(journey.gave_up().cause, 0u);
}

TEST(Course, Rule4_WhatMayBeBilledIsRepeatedTwiceAtMost) {
  Journey journey(1);
  for (int i = 0; i < 50; ++i) journey.budget().deposit(at(0s));
  EXPECT_FALSE(journey.sent().paid_repeat);
  journey.saw(stalled());
  EXPECT_TRUE(journey.sent().paid_repeat);
  journey.saw(stalled());
  EXPECT_TRUE(journey.sent().paid_repeat);
  journey.saw(stalled());
  EXPECT_EQ(journey.gave_up().why, Why::paid_repeats);
  EXPECT_EQ(journey.gave_up().cause, 0u);
}

TEST(Course, Rule4_FreeRefusalsBetweenPaidOnesAreNotCounted) {
  Journey journey(1);
  for (int i = 0; i < 50; ++i) journey.budget().deposit(at(0s));
  journey.sent();
  journey.saw(stalled());
  EXPECT_TRUE(journey.sent().paid_repeat);
  for (int i = 0; i < 3; ++i) {
    journey.saw(busy());
    EXPECT_FALSE(journey.sent().paid_repeat);
  }
  journey.saw(stalled());
  EXPECT_TRUE(journey.sent().paid_repeat);
  EXPECT_EQ(journey.asked().size(), 2u);
}

TEST(Course, Rule4_ABlockedRepeatWaitsForTheReserveIfThatIsInTime) {
  Journey journey(1, 60s);
  ASSERT_TRUE(journey.budget().withdraw_by(at(0s), at(0s)));
  journey.sent();
  journey.saw(stalled(), 1s);
  EXPECT_EQ(journey.sent().not_before, at(10s));

  Journey hurried(1, 9s);
  ASSERT_TRUE(hurried.budget().withdraw_by(at(0s), at(0s)));
  hurried.sent();
  hurried.saw(stalled(), 1s);
  EXPECT_EQ(hurried.gave_up().why, Why::paid_repeats);
}

TEST(Course, Rule4_ARepeatElsewhereIsDrawnFromTheBudgetOfTheUpstreamThatFailed) {
  route::RouteSpec spec;
  spec.targets.resize(2);
  base::Random chance(1);
  Course course(spec, {0, 1}, 0, at(60s));
  EXPECT_EQ(std::get<Try>(course.next(at(0s), chance)).target, 0u);
  course.observe(stalled(), at(1s));
  EXPECT_EQ(std::get<Draw>(course.next(at(1s), chance)).target, 0u);
  Course refused = course;
  const Try attempt = std::get<Try>(course.drawn(at(0s)));
  EXPECT_EQ(attempt.target, 1u);
  EXPECT_EQ(attempt.not_before, at(1s));
  EXPECT_TRUE(attempt.paid_repeat);
  EXPECT_EQ(std::get<GiveUp>(refused.drawn(std::nullopt)).why, Why::paid_repeats);
}

TEST(Course, Rule2_ABlankAnswerIsRepeatedOnce) {
  Journey journey(2);
  for (int i = 0; i < 50; ++i) journey.budget().deposit(at(0s));
  journey.sent();
  journey.saw(outcome(Finding::blank, Billing::possibly_billed));
  EXPECT_TRUE(journey.sent().paid_repeat);
  journey.saw(outcome(Finding::blank, Billing::possibly_billed));
  EXPECT_EQ(journey.gave_up().why, Why::ended);
  EXPECT_EQ(journey.gave_up().cause, 0u);
}

TEST(Course, TheLesserOfTheCallersAndTheRoutesBoundOnAttemptsHolds) {
  route::RouteSpec spec;
  spec.retries.max_attempts = 3;
  for (const auto& [callers, expected] : {std::pair(0u, 3), std::pair(1u, 1), std::pair(9u, 3)}) {
    Journey journey(2, 60s, callers, spec);
    for (int i = 0; i < expected; ++i) {
      journey.sent();
      journey.saw(busy());
    }
    EXPECT_EQ(journey.gave_up().why, Why::attempts);
    EXPECT_EQ(journey.course().attempts(), static_cast<std::uint32_t>(expected));
  }
}

TEST(Course, NothingIsTriedAfterTheDeadline) {
  Journey journey(1, 0s);
  EXPECT_EQ(journey.gave_up().why, Why::deadline);
  EXPECT_EQ(journey.gave_up().cause, std::nullopt);
}

// Whatever upstreams do, the course ends, within its bounds.
TEST(Course, EndsWithinItsBoundsWhateverHappens) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    base::Random chance(seed);
    const auto targets = static_cast<std::uint32_t>(1 + chance.next() % 3);
    Journey journey(targets, 60s);
    for (int i = 0; i < 100; ++i) journey.budget().deposit(at(0s));
    int paid = 0;
    int steps = 0;
    std::set<std::uint32_t> closed;
    for (Step step = journey.next(); std::holds_alternative<Try>(step); step = journey.next()) {
      const Try& attempt = std::get<Try>(step);
      ASSERT_LT(++steps, 300);
      ASSERT_LT(attempt.not_before, at(60s));
      ASSERT_LE(attempt.admit_by, at(60s));
      ASSERT_GT(attempt.admit_by, attempt.not_before);
      ASSERT_FALSE(closed.contains(attempt.target));
      paid += attempt.paid_repeat ? 1 : 0;
      AttemptOutcome seen;
      seen.finding = static_cast<Finding>(1 + chance.next() % 10);
      seen.billing = static_cast<Billing>(chance.next() % 3);
      if (chance.uniform() < 0.2) seen.retry_after = std::chrono::seconds(chance.next() % 20);
      if (seen.finding == Finding::account_fault || seen.finding == Finding::filtered) {
        closed.insert(attempt.target);
      }
      const base::Duration waited = attempt.not_before - journey.now();
      journey.saw(seen, waited + std::chrono::milliseconds(chance.next() % 5000));
    }
    ASSERT_LE(paid, 2);
    ASSERT_TRUE(journey.gave_up().cause.has_value());
  }
}

}  // namespace
}  // namespace dujiang::policy
