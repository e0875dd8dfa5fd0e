#include "policy/clocks.hpp"

#include <gtest/gtest.h>

#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

using Form = AttemptClocks::Form;
using Elsewhere = AttemptClocks::Elsewhere;

constexpr route::Clocks kLimits;  // 30 s head, 10 s token, 30 s silence, 15 s gap, 2 s after a finish

AttemptClocks clocks(Form form, Elsewhere elsewhere, base::TimePoint deadline = at(540s)) {
  AttemptClocks made(kLimits, form, elsewhere, at(0s), deadline);
  made.on_sent(at(0s));
  return made;
}

void expect_due(const AttemptClocks& clocks, Clock clock, base::TimePoint when) {
  EXPECT_EQ(clocks.due(), when);
  EXPECT_EQ(clocks.expired(when - 1ns), std::nullopt);
  EXPECT_EQ(clocks.expired(when), clock);
}

TEST(AttemptClocks, Rule1_TheHeadOfAnyAttemptMustComeInTime) {
  expect_due(clocks(Form::unstreamed, Elsewhere::another_target), Clock::first_byte, at(300s));
  expect_due(clocks(Form::streamed, Elsewhere::alone), Clock::first_byte, at(30s));
}

TEST(AttemptClocks, Rule1_TheHeadsTimeRunsFromSendingNotFromQueueingOrConnecting) {
  AttemptClocks made(kLimits, Form::streamed, Elsewhere::alone, at(0s), at(540s));
  made.on_sent(at(4s));
  expect_due(made, Clock::first_byte, at(34s));
}

TEST(AttemptClocks, Rule1_AfterItsHeadAnUnstreamedAttemptHasTheDeadlineOnly) {
  AttemptClocks made = clocks(Form::unstreamed, Elsewhere::another_target);
  made.on_head(at(1s));
  expect_due(made, Clock::total, at(540s));
  made.on_bytes(at(11s));
  made.on_bytes(at(500s));
  expect_due(made, Clock::total, at(540s));
}

TEST(AttemptClocks, Rule7_ALateFirstTokenCountsOnlyWithAnotherTarget) {
  expect_due(clocks(Form::streamed, Elsewhere::another_target), Clock::first_token, at(10s));
  AttemptClocks alone = clocks(Form::streamed, Elsewhere::alone);
  alone.on_head(at(0s));
  for (auto t = 10s; t <= 530s; t += 10s) {
    alone.on_bytes(at(t));
    ASSERT_EQ(alone.expired(at(t)), std::nullopt);
  }
  expect_due(alone, Clock::total, at(540s));
}

TEST(AttemptClocks, Rule7_ALimitForALoneTargetCanBeSet) {
  route::Clocks limits;
  limits.alone_first_token = 25s;
  AttemptClocks made(limits, Form::streamed, Elsewhere::alone, at(0s), at(540s));
  made.on_head(at(0s));
  expect_due(made, Clock::first_token, at(25s));
}

TEST(AttemptClocks, Rule7_ALateTokenIsBorneWhenThereIsNowhereToGoAfterAll) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target);
  made.on_head(at(0s));
  made.on_bytes(at(9s));
  ASSERT_EQ(made.expired(at(10s)), Clock::first_token);
  made.stay();
  EXPECT_EQ(made.expired(at(10s)), std::nullopt);
  expect_due(made, Clock::silence, at(39s));
}

TEST(AttemptClocks, Rule1_KeepAlivesAreNoProgress) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target);
  made.on_head(at(0s));
  for (auto t = 1s; t < 10s; t += 1s) made.on_bytes(at(t));
  expect_due(made, Clock::first_token, at(10s));
}

TEST(AttemptClocks, Rule7_ASilentStreamIsGivenUp) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::alone);
  made.on_head(at(1s));
  expect_due(made, Clock::silence, at(31s));
  made.on_bytes(at(50s));
  expect_due(made, Clock::silence, at(80s));
}

TEST(AttemptClocks, Rule1_AGapBetweenTokensIsAStallWhateverTheKeepAlives) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target);
  made.on_head(at(0s));
  made.on_progress(at(9s));
  expect_due(made, Clock::gap, at(24s));
  made.on_bytes(at(20s));
  expect_due(made, Clock::gap, at(24s));
  made.on_progress(at(22s));
  expect_due(made, Clock::gap, at(37s));
}

TEST(AttemptClocks, Rule1_ASlowDripOfTokensGoesOn) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target);
  made.on_head(at(0s));
  for (auto t = 10s; t < 500s; t += 10s) {
    ASSERT_EQ(made.expired(at(t - 1ms)), std::nullopt);
    made.on_progress(at(t));
  }
}

TEST(AttemptClocks, Rule2_WhatFollowsAFinishIsAwaitedTwoSeconds) {
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target);
  made.on_head(at(0s));
  made.on_progress(at(1s));
  made.on_finish(at(5s));
  expect_due(made, Clock::after_finish, at(7s));
  made.on_bytes(at(6s));
  made.on_finish(at(6s));
  made.on_progress(at(6s));
  expect_due(made, Clock::after_finish, at(7s));
}

TEST(AttemptClocks, TheDeadlineEndsEverything) {
  expect_due(clocks(Form::streamed, Elsewhere::another_target, at(3s)), Clock::total, at(3s));
  AttemptClocks made = clocks(Form::streamed, Elsewhere::another_target, at(20s));
  made.on_head(at(0s));
  made.on_progress(at(19s));
  expect_due(made, Clock::total, at(20s));
}

}  // namespace
}  // namespace dujiang::policy
