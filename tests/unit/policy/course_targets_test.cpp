#include <gtest/gtest.h>

#include "policy/course.hpp"
#include "unit/policy/journey.hpp"

namespace dujiang::policy {
namespace {

route::RouteSpec contexts(const std::vector<std::optional<std::uint64_t>>& sizes) {
  route::RouteSpec spec;
  for (const auto& size : sizes) spec.targets.emplace_back().can.context_tokens = size;
  return spec;
}

TEST(Course, Rule7_ALateTargetIsNotTriedAgainWhereThereIsAnother) {
  Journey journey(2);
  for (int i = 0; i < 50; ++i) journey.budget().deposit(at(0s));
  EXPECT_EQ(journey.sent().target, 0u);
  EXPECT_EQ(journey.course().elsewhere(0), 1u);
  journey.saw(late(), 10s);
  const Try moved = journey.sent();
  EXPECT_EQ(moved.target, 1u);
  EXPECT_EQ(moved.not_before, at(10s));
  EXPECT_TRUE(moved.paid_repeat);
  EXPECT_EQ(journey.course().elsewhere(1), std::nullopt);
  for (int i = 0; i < 4; ++i) {
    journey.saw(busy());
    EXPECT_EQ(journey.sent().target, 1u);
  }
}

TEST(Course, Rule7_TheOnlyTargetIsTriedAgainAfterATimeOut) {
  Journey journey(1);
  journey.sent();
  EXPECT_EQ(journey.course().elsewhere(0), std::nullopt);
  journey.saw(late(), 30s);
  EXPECT_EQ(journey.sent().target, 0u);
}

TEST(Course, Rule7_NothingMovesElsewhereThatMayNotBeRepeated) {
  route::RouteSpec spec;
  spec.retries.possibly_billed_per_request = 0;
  Journey unpaid(2, 60s, 0, spec);
  unpaid.sent();
  EXPECT_EQ(unpaid.course().elsewhere(0), std::nullopt);
  Journey once(2, 60s, 1);
  once.sent();
  EXPECT_EQ(once.course().elsewhere(0), std::nullopt);
}

TEST(Course, Rule7_NothingMovesToATargetThatAskedToBeLeftAlone) {
  Journey journey(2);
  journey.sent();
  journey.saw(busy_for(2s));
  journey.sent();
  journey.saw(busy_for(30s));
  EXPECT_EQ(journey.sent().target, 0u);
  EXPECT_EQ(journey.course().elsewhere(0), std::nullopt);
  journey.saw(busy(), 28s);
  EXPECT_EQ(journey.sent().target, 1u);
  journey.saw(busy());
  EXPECT_EQ(journey.sent().target, 0u);
  EXPECT_EQ(journey.course().elsewhere(0), 1u);
}

TEST(Course, Rule6_AnAccountsFaultIsNotRepeatedOnThatTarget) {
  Journey journey(2);
  journey.sent();
  journey.saw(outcome(Finding::account_fault));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(journey.sent().target, 1u);
    journey.saw(busy());
  }
  Journey alone(1);
  alone.sent();
  alone.saw(outcome(Finding::account_fault));
  EXPECT_EQ(alone.gave_up().why, Why::no_target);
}

TEST(Course, Rule6_AnotherAccountOfTheSameTargetIsTriedAtOnce) {
  Journey journey(2);
  journey.sent();
  journey.saw({.finding = Finding::account_fault, .other_account = true}, 5ms);
  const Try again = journey.sent();
  EXPECT_EQ(again.target, 0u);
  EXPECT_EQ(again.not_before, at(5ms));
}

TEST(Course, Rule6_TheRequestsOwnFaultEndsItAndIsWhatTheCallerIsTold) {
  Journey journey(2);
  journey.sent();
  journey.saw(busy());
  journey.sent();
  journey.saw(outcome(Finding::request_fault));
  EXPECT_EQ(journey.gave_up().why, Why::ended);
  EXPECT_EQ(journey.gave_up().cause, 1u);
}

TEST(Course, Rule3_AfterTheCommitNothingIsRepeated) {
  Journey journey(2);
  journey.sent();
  journey.saw(outcome(Finding::broken, Billing::possibly_billed));
  EXPECT_EQ(journey.gave_up().why, Why::ended);
  EXPECT_EQ(journey.gave_up().cause, 0u);
}

TEST(Course, Rule7_TooLongGoesToLargerContextsOnly) {
  Journey journey(4, 60s, 0, contexts({64'000, 32'000, 128'000, std::nullopt}));
  EXPECT_EQ(journey.sent().target, 0u);
  journey.saw(outcome(Finding::context_too_long));
  EXPECT_EQ(journey.sent().target, 2u);
  journey.saw(outcome(Finding::context_too_long));
  EXPECT_EQ(journey.sent().target, 3u);
  journey.saw(outcome(Finding::context_too_long));
  EXPECT_EQ(journey.gave_up().why, Why::no_target);
  EXPECT_EQ(journey.gave_up().cause, 0u);
  EXPECT_EQ(journey.course().attempts(), 3u);
}

TEST(Course, Rule7_TooLongEndsItWhereNoTargetIsKnownToHoldMore) {
  Journey journey(2);
  journey.sent();
  journey.saw(outcome(Finding::context_too_long));
  EXPECT_EQ(journey.gave_up().why, Why::no_target);
}

TEST(Course, Rule7_AFilteredRequestAsksEachOtherTargetOnce) {
  Journey journey(2);
  for (int i = 0; i < 50; ++i) journey.budget().deposit(at(0s));
  journey.sent();
  journey.saw(outcome(Finding::filtered, Billing::possibly_billed));
  EXPECT_EQ(journey.sent().target, 1u);
  journey.saw(outcome(Finding::filtered, Billing::possibly_billed));
  EXPECT_EQ(journey.gave_up().why, Why::no_target);
}

TEST(Course, WhereItsQueueRefusesARequestGoesElsewhereAtOnce) {
  Journey journey(2);
  EXPECT_EQ(journey.sent().target, 0u);
  journey.saw({.finding = Finding::not_admitted, .billing = Billing::unsent, .retry_after = 5s});
  EXPECT_EQ(journey.sent().target, 1u);
  EXPECT_EQ(journey.now(), at(0s));
  EXPECT_EQ(journey.course().attempts(), 0u);
}

TEST(Course, AQueueThatRefusedIsAskedAgainWhenItSaidToComeAgain) {
  Journey journey(2);
  journey.sent();
  journey.saw({.finding = Finding::not_admitted, .billing = Billing::unsent, .retry_after = 5s});
  while (journey.sent().target == 1) {
    ASSERT_LT(journey.now(), at(40s));
    journey.saw(busy(), 1s);
  }
  EXPECT_GE(journey.now(), at(5s));
}

TEST(Course, WhereEveryQueueRefusesTheRequestIsRefusedAtOnce) {
  Journey journey(2);
  for (int i = 0; i < 2; ++i) {
    journey.sent();
    journey.saw({.finding = Finding::not_admitted, .billing = Billing::unsent, .retry_after = 1s});
  }
  EXPECT_EQ(journey.gave_up().why, Why::no_target);
  EXPECT_EQ(journey.gave_up().cause, 0u);
  EXPECT_EQ(journey.now(), at(0s));
}

TEST(Course, AFullQueueBesideABusyTargetMakesNoLoop) {
  Journey journey(2, 30s);
  const AttemptOutcome full{.finding = Finding::not_admitted, .billing = Billing::unsent, .retry_after = 1s};
  int sends = 0;
  for (int steps = 0; std::holds_alternative<Try>(journey.next()); ++steps) {
    ASSERT_LT(steps, 500);
    if (journey.sent().target == 0) {
      journey.saw(full);
    } else {
      journey.saw(busy());
      ++sends;
    }
  }
  EXPECT_GT(journey.now(), at(20s));
  EXPECT_LT(sends, 40);
}

TEST(Course, AnAccountThatIsOutBeyondTheDeadlineLeavesTheOtherTarget) {
  Journey journey(2, 60s);
  journey.sent();
  journey.saw({.finding = Finding::not_admitted, .billing = Billing::unsent, .retry_after = 10min});
  EXPECT_EQ(journey.sent().target, 1u);
  EXPECT_EQ(std::get<Try>(journey.next()).admit_by, at(60s));
}

TEST(Course, AQueueIsLeftForAnotherTargetAfterTheFirstTokensTime) {
  Journey journey(2, 60s);
  EXPECT_EQ(journey.sent().admit_by, at(10s));
  journey.saw(outcome(Finding::queued_out, Billing::unsent), 10s);
  const Try other = journey.sent();
  EXPECT_EQ(other.target, 1u);
  EXPECT_EQ(other.not_before, at(10s));
  journey.saw(busy());
  EXPECT_EQ(journey.sent().target, 0u);

  Journey alone(1, 60s);
  EXPECT_EQ(alone.sent().admit_by, at(60s));
}

}  // namespace
}  // namespace dujiang::policy
