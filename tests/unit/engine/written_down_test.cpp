// What metrics and log say of a request: on the whole engine, in simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ports::Metric;
using ::testing::HasSubstr;

TEST(Metrics, ARepeatAtTheSameTargetIsARetryAndAMoveIsAFailOver) {
  EngineRig alone(settings_of({"main"}));
  alone.client.expect("main", busy());
  alone.client.expect("main", hello());
  alone.call(ask(false));
  EXPECT_EQ(alone.metrics.value(Metric::retries, {"main", "busy"}), 1);
  EXPECT_EQ(alone.metrics.value(Metric::fail_overs, {"main", "busy"}), 0);

  EngineRig two(settings_of({"main", "other"}));
  two.client.expect("main", busy());
  two.client.expect("other", hello());
  two.call(ask(false));
  EXPECT_EQ(two.metrics.value(Metric::retries, {"main", "busy"}), 0);
  EXPECT_EQ(two.metrics.value(Metric::fail_overs, {"main", "busy"}), 1);
}

TEST(Metrics, TheBudgetThatIsLeftIsMeasuredWhenItIsRead) {
  EngineRig rig(settings_of({"main"}));
  const auto balance = [&rig] {
    rig.gateway.measure();
    return rig.metrics.value(Metric::retry_budget_balance, {"main"});
  };
  EXPECT_NEAR(balance(), 1, 1e-9);
  rig.client.expect("main", hello());
  for (int i = 0; i < 5; ++i) rig.begin(ask(true));
  rig.loop.run_for(2s);
  EXPECT_NEAR(balance(), 2, 1e-9) << "a fifth of the requests is added to the reserve";
  rig.loop.run_for(20s);
  EXPECT_NEAR(balance(), 1, 1e-9) << "requests of long ago give nothing";
}

TEST(Metrics, AnAnswerIsCutOnlyIfItHadBegun) {
  const ports::Script one_piece_of_two{head(200), event(content("Hel")), event(content("lo"), 1h)};
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", one_piece_of_two);
  const auto reading = rig.begin(ask(true));
  const auto waiting = rig.begin(ask(false));
  rig.loop.run_for(1s);
  waiting->hang_up();
  rig.loop.run_for(1s);
  EXPECT_TRUE(waiting->reply.aborted());
  EXPECT_EQ(rig.metrics.value(Metric::answers_cut, {"main", "caller_gone"}), 0);
  EXPECT_EQ(rig.metrics.value(Metric::requests, {"main", "chat", "caller_gone"}), 1);
  reading->hang_up();
  rig.loop.run_for(1s);
  EXPECT_TRUE(reading->reply.aborted());
  EXPECT_EQ(rig.metrics.value(Metric::answers_cut, {"main", "caller_gone"}), 1);
  EXPECT_EQ(rig.metrics.value(Metric::streams, {}), 0);
}

TEST(Metrics, AnAnswerThatFailsAfterItsBeginningIsCountedAsCutByItsForm) {
  auto settings = settings_of({"main"});
  settings.routes[0].clocks.total = 100s;
  settings.upstreams[0].unstreamed = route::Unstreamed::as_is;
  EngineRig rig(settings);
  rig.client.expect("main", {head(200), event(content("Hel")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("main", {bytes("", 1h)});
  rig.call(ask(true));
  EXPECT_EQ(rig.metrics.value(Metric::answers_cut, {"main", "error_event"}), 1);
  rig.call(ask(false));
  EXPECT_EQ(rig.metrics.value(Metric::answers_cut, {"main", "aborted"}), 1);
}

TEST(Metrics, WhatTheQueueRefusesAndHowLongItIsAreCounted) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].queue_limit = 1;
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  EngineRig rig(settings);
  rig.client.expect("main", {head(200), event(content("Hel")), bytes(": keep-alive\n\n", 1h)});
  rig.begin(ask(true));
  rig.begin(ask(false), {{"x-dujiang-deadline-ms", "5000"}});
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.metrics.value(Metric::queue_length, {"main"}), 1);
  EXPECT_EQ(rig.begin(ask(false))->reply.status(), 0);
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.metrics.value(Metric::queue_refused, {"main", "full"}), 1);
  rig.loop.run_for(10s);
  EXPECT_EQ(rig.metrics.value(Metric::queue_refused, {"main", "expired"}), 1);
  EXPECT_EQ(rig.metrics.value(Metric::queue_length, {"main"}), 0);
  EXPECT_EQ(rig.metrics.value(Metric::queue_wait, {"main"}), 2) << "one was admitted, one expired";
}

TEST(Log, SaysInWordsHowTheWayToTheUpstreamBroke) {
  EngineRig rig(settings_of({"main"}));
  ports::ScriptStep broken = failure(ports::IoFailure::tls, 1s, ports::Sent::nothing);
  broken.bytes = "certificate has expired";
  rig.client.expect("main", {broken});
  rig.client.expect("main", hello());
  rig.call(ask(false));
  EXPECT_THAT(rig.log.lines.at(0).attempts.at(0).detail, HasSubstr("certificate has expired"));
  EXPECT_EQ(rig.log.lines.at(0).attempts.at(1).detail, "");
}

TEST(Log, SaysHowLongACallWaitedAndThatAnAccountIsOut) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].rate_limit = route::RateLimitSpec{.per_second = 0.5, .burst = 1};
  EngineRig rig(settings);
  rig.client.expect("main", hello());
  rig.client.expect("main", refusal(402, R"({"error":{"message":"Insufficient Balance"}})"));
  rig.begin(ask(true));
  rig.call(ask(true));
  EXPECT_NEAR(rig.log.lines.at(1).queue_seconds, 2, 0.01);
  EXPECT_THAT(rig.log.notes.at(0), HasSubstr("account `a` of upstream `main` is out of use"));
}

TEST(Relay, OfAnUnknownPathCarriesTheHeadersThatEveryAnswerCarries) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  EngineRig rig(settings);
  ports::ScriptStep traced = head(200, "application/json");
  traced.headers.add("x-ds-trace-id", "trace-1");
  rig.client.expect("main", {traced, bytes("{}"), end()});
  const auto call = rig.call("{}", {}, "/v1/files");
  EXPECT_EQ(call->reply.headers().get("x-dujiang-attempts"), "1");
  EXPECT_EQ(call->reply.headers().get("x-dujiang-upstream-request-id"), "trace-1");
  EXPECT_EQ(call->reply.headers().get("x-dujiang-served-by"), "main");
}

}  // namespace
}  // namespace dujiang::testing
