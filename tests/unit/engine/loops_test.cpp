// Several loops: what an upstream allows is allowed once, whichever loops ask for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/loops_rig.hpp"

namespace dujiang::testing {
namespace {

using ports::Metric;

engine::Settings with_slots(std::uint32_t slots) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts[0].max_concurrent = slots;
  return settings;
}

ports::Script refused_key() {
  return refusal(401, R"({"error":{"message":"Authentication Fails","type":"authentication_error"}})");
}

TEST(Loops, ACallIsServedAwayFromHomeAsItIsAtHome) {
  LoopsRig rig(settings_of({"main"}));
  rig.expect("main", hello());
  for (RigLoop* at : {&rig.home, &rig.away}) {
    const auto call = rig.call(*at, ask(true));
    EXPECT_EQ(call->reply.status(), 200);
    EXPECT_THAT(call->reply.body(), ::testing::HasSubstr("[DONE]"));
    EXPECT_EQ(at->sent(), 1u);
    EXPECT_EQ(at->client.seen()[0]->headers.get("authorization"), "Bearer sk-of-main");
  }
}

TEST(Loops, UpstreamsFindTheirHomesInTurn) {
  LoopsRig rig(settings_of({"first", "second"}));
  rig.expect("first", hello());
  rig.call(rig.home, ask(false));
  rig.home.gateway.measure();
  rig.away.gateway.measure();
  EXPECT_TRUE(rig.home.metrics.has(Metric::retry_budget_balance, {"first"}));
  EXPECT_FALSE(rig.home.metrics.has(Metric::retry_budget_balance, {"second"}));
  EXPECT_TRUE(rig.away.metrics.has(Metric::retry_budget_balance, {"second"}));
}

TEST(Slots, OfAnAccountAreNeverExceededByAllLoopsTogether) {
  LoopsRig rig(with_slots(2));
  rig.expect("main", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  for (int i = 0; i < 12; ++i) calls.push_back((i % 3 == 0 ? rig.home : rig.away).begin(ask(i % 2 == 0)));
  int most = 0;
  while (std::ranges::any_of(calls, [](const auto& call) { return !call->done; })) {
    rig.run_for(10ms);
    most = std::max(most, rig.home.client.open_now() + rig.away.client.open_now());
  }
  EXPECT_EQ(most, 2);
  for (const auto& call : calls) EXPECT_EQ(call->reply.status(), 200);
}

TEST(Slots, AreFilledInTheOrderOfArrivalOverAllLoops) {
  LoopsRig rig(with_slots(1));
  rig.expect("main", hello());
  std::vector<base::TimePoint> ends;
  std::vector<std::shared_ptr<RigCall>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back((i % 2 == 0 ? rig.away : rig.home).begin(ask(false)));
    rig.run_for(1ms);
  }
  rig.run();
  for (const auto& call : calls) ends.push_back(call->reply.ended_at());
  EXPECT_TRUE(std::ranges::is_sorted(ends));
}

TEST(TokenBucket, IsOneForAllLoops) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].rate_limit = {.per_second = 1, .burst = 1};
  LoopsRig rig(settings);
  rig.expect("main", hello());
  for (int i = 0; i < 3; ++i) {
    rig.home.begin(ask(false));
    rig.away.begin(ask(false));
  }
  rig.run();
  std::vector<base::TimePoint> starts;
  for (const RigLoop* at : {&rig.home, &rig.away}) {
    for (const auto& seen : at->client.seen()) starts.push_back(seen->at);
  }
  ASSERT_EQ(starts.size(), 6u);
  std::ranges::sort(starts);
  for (std::size_t i = 1; i < starts.size(); ++i) EXPECT_GE(starts[i] - starts[i - 1], 999ms);
}

// A caller may leave while his entry is on its way home (and his permit finds nobody when it comes), or in
// the very turn in which it comes.
class CallerLeaves : public ::testing::TestWithParam<bool> {};

TEST_P(CallerLeaves, NoSlotIsLostWhereverHisMessagesAre) {
  LoopsRig rig(with_slots(1));
  rig.expect("main", hello());
  const auto leaver = rig.away.begin(ask(false));
  LoopsRig::turn(rig.away);
  if (GetParam()) LoopsRig::turn(rig.home);
  leaver->hang_up();
  LoopsRig::turn(rig.away);
  EXPECT_TRUE(leaver->done);
  const auto next = rig.home.begin(ask(false));
  rig.run();
  EXPECT_EQ(next->reply.status(), 200);
  EXPECT_EQ(rig.away.sent(), 0u);
  EXPECT_EQ(next->reply.ended_at() - rig.home.client.seen().at(0)->at, 520ms);
}

INSTANTIATE_TEST_SUITE_P(WithItsPermitOnTheWayBack, CallerLeaves, ::testing::Bool());

TEST(Queue, ACallerWhoLeavesItFromAnotherLoopMakesRoom) {
  auto settings = with_slots(1);
  settings.upstreams[0].queue_limit = 1;
  LoopsRig rig(settings);
  rig.expect("main", hello());
  const auto served = rig.home.begin(ask(false));
  const auto waits = rig.away.begin(ask(false));
  rig.run_for(10ms);
  const auto refused = rig.away.begin(ask(false));
  rig.run_for(10ms);
  EXPECT_EQ(refused->reply.status(), 429);
  waits->hang_up();
  rig.run_for(10ms);
  EXPECT_TRUE(waits->done);
  const auto next = rig.away.begin(ask(false));
  rig.run();
  EXPECT_EQ(served->reply.status(), 200);
  EXPECT_EQ(next->reply.status(), 200);
}

TEST(Accounts, OneThatIsRefusedOnOneLoopIsOutOnAll) {
  LoopsRig rig(settings_of({"main"}));
  rig.expect("main", refused_key());
  EXPECT_EQ(rig.call(rig.away, ask(false))->reply.status(), 401);
  EXPECT_EQ(rig.away.sent(), 1u);
  const auto at_home = rig.call(rig.home, ask(false));
  EXPECT_EQ(at_home->reply.status(), 401);
  EXPECT_THAT(at_home->reply.body(), ::testing::HasSubstr("Authentication"));
  const auto away = rig.call(rig.away, ask(false));
  EXPECT_EQ(away->reply.status(), 401);
  EXPECT_EQ(rig.home.sent() + rig.away.sent(), 1u) << "the key was refused, so it is not asked again";
}

TEST(Accounts, AProbeThatIsAcceptedAwayFromHomeBringsTheAccountBack) {
  LoopsRig rig(settings_of({"main"}));
  rig.expect("main", refused_key());
  rig.expect("main", hello());
  rig.call(rig.away, ask(false));
  rig.run_for(11min);
  EXPECT_EQ(rig.call(rig.away, ask(false))->reply.status(), 200);
  const auto a = rig.home.begin(ask(false));
  const auto b = rig.home.begin(ask(false));
  rig.run_for(2s);
  EXPECT_TRUE(a->done && b->done) << "all is well again, so both are let through at once";
  rig.home.client.expect("main", hello());
}

TEST(Accounts, WhereOneKeyIsRefusedAwayFromHomeTheNextIsTriedAtOnce) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts[0].keys.emplace_back("sk-second-key-of-main");
  LoopsRig rig(settings);
  rig.away.client.expect("main", refused_key());
  rig.away.client.expect("main", hello());
  EXPECT_EQ(rig.call(rig.away, ask(false))->reply.status(), 200);
  EXPECT_EQ(rig.away.sent(), 2u);
}

TEST(Accounts, AFullOneIsSentNothingForAWhileByAnyLoop) {
  LoopsRig rig(settings_of({"main"}));
  ports::Script full = refusal(429, R"({"error":{"message":"Too many requests","type":"rate_limit_error"}})");
  full[0].headers.add("Retry-After", "5");
  rig.away.client.expect("main", full);
  rig.expect("main", hello());
  const auto told = rig.away.begin(ask(false));
  rig.run_for(100ms);
  const base::TimePoint when = rig.home.loop.now();
  const auto other = rig.home.begin(ask(false));
  rig.run();
  EXPECT_EQ(told->reply.status(), 200);
  EXPECT_EQ(other->reply.status(), 200);
  EXPECT_GE(rig.home.client.seen().at(0)->at - when, 4900ms);
}

// Rule 4.
TEST(Money, RepeatsThatMayBePaidTwiceAreDrawnFromOneBudgetByAllLoops) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].possibly_billed_share = 0;
  settings.upstreams[0].possibly_billed_reserve = 10s;
  LoopsRig rig(settings);
  const ports::Script cut = {head(200), event(content("Hel")), failure(ports::IoFailure::reset)};
  rig.expect("main", cut);
  const auto a = rig.away.begin(ask(false));
  const auto b = rig.home.begin(ask(false));
  rig.run_for(9s);
  EXPECT_EQ(rig.home.sent() + rig.away.sent(), 3u) << "two first attempts, and the one repeat of the reserve";
  rig.run();
}

// Rule 7.
TEST(Moving, ALateFirstTokenMovesOnlyWhereTheBudgetAtHomeAllowsIt) {
  for (const bool allowed : {false, true}) {
    auto settings = settings_of({"main", "other"});
    settings.upstreams[0].possibly_billed_share = 0;
    settings.upstreams[0].possibly_billed_reserve = allowed ? 1s : 0s;
    settings.routes[0].clocks.first_token = 5s;
    LoopsRig rig(settings);
    rig.expect("main", {head(200), event(role()), event(content("late"), 8s), event(stop()), end()});
    rig.expect("other", hello());
    const auto call = rig.call(rig.away, ask(true));
    EXPECT_EQ(call->reply.status(), 200);
    EXPECT_EQ(call->reply.headers().get("x-dujiang-served-by"), allowed ? "other/m" : "main/m");
  }
}

// Rule 8.
TEST(WaitingCaller, HearsTheTrueStatusOnAnotherLoopToo) {
  LoopsRig rig(settings_of({"main"}));
  rig.expect("main", {head(200), failure(ports::IoFailure::reset, 20s)});
  rig.home.client.expect("main", hello());
  const auto call = rig.call(rig.away, ask(false), {{"x-dujiang-max-attempts", "1"}});
  EXPECT_FALSE(call->reply.finished());
  const auto repeat = rig.call(rig.home, ask(false), {{"x-stainless-retry-count", "1"}});
  EXPECT_GE(repeat->reply.status(), 500);
  EXPECT_EQ(rig.home.sent(), 0u);
}

TEST(Memory, ForRetriesIsCountedOverAllLoops) {
  auto settings = settings_of({"main"});
  settings.retry_memory_bytes = ask(false).size();
  LoopsRig rig(settings);
  rig.expect("main", {head(200), event(content("Hel")), failure(ports::IoFailure::reset, 1s)});
  rig.expect("main", hello());
  const auto kept = rig.away.begin(ask(false));
  rig.run_for(10ms);
  const auto once = rig.home.begin(ask(false));
  rig.run();
  EXPECT_EQ(kept->reply.status(), 200);
  EXPECT_NE(once->reply.status(), 200);
  EXPECT_EQ(rig.home.sent(), 1u);
}

TEST(Reload, ReachesAnUpstreamOnItsHomeLoop) {
  LoopsRig rig(with_slots(1));
  rig.expect("main", hello());
  rig.away.begin(ask(false));
  const auto waits = rig.away.begin(ask(false));
  rig.run_for(10ms);
  EXPECT_EQ(rig.away.client.open_now(), 1);
  rig.adopt(with_slots(2));
  rig.run_for(10ms);
  EXPECT_EQ(rig.away.client.open_now(), 2);
  rig.run();
  EXPECT_EQ(waits->reply.status(), 200);
}

TEST(Metrics, OfAQueueAreKeptAtHome) {
  LoopsRig rig(settings_of({"main"}));
  rig.expect("main", hello());
  rig.call(rig.away, ask(false));
  EXPECT_EQ(rig.home.metrics.value(Metric::queue_wait, {"main"}), 1);
  EXPECT_EQ(rig.away.metrics.value(Metric::queue_wait, {"main"}), 0);
  EXPECT_EQ(rig.away.metrics.value(Metric::requests, {"main", "chat", "ok"}), 1);
}

}  // namespace
}  // namespace dujiang::testing
