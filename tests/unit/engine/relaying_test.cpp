// How attempts are read and answers relayed: on the whole engine, in simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ports::Metric;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string of_choice(int index, std::string_view delta, std::string_view finish = "null") {
  return R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":)" +
         std::to_string(index) + R"(,"delta":)" + std::string(delta) + R"(,"finish_reason":)" +
         std::string(finish) + "}]}";
}

TEST(Relay, ARefusalOfTheModelIsContentAndCommits) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect(
      "main", {head(200), event(chunk(R"({"refusal":"I can't"})")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr("I can't"), HasSubstr(R"("error":)")));
}

TEST(Relay, AfterASeamTheStreamKeepsItsIdAndItsDate) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(thought("Let me")), failure(ports::IoFailure::reset, 1s)});
  ports::Script second = hello();
  for (auto& step : second) {
    if (const auto at = step.bytes.find(R"("created":1)"); at != std::string::npos)
      step.bytes.replace(at, 11, R"("created":2)");
  }
  rig.client.expect("other", second);
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr("Hello "), Not(HasSubstr(R"("created":2)"))));
}

TEST(Relay, EachOfSeveralChoicesIsWaitedForToItsEnd) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect(
      "main", {head(200), event(of_choice(0, R"({"content":"one"})")), event(of_choice(0, "{}", R"("stop")")),
               event(of_choice(1, R"({"content":"two"})"), 5s), event(of_choice(1, "{}", R"("stop")")),
               bytes("data: [DONE]\n\n"), end()});
  const auto call = rig.call(ask(true, R"(,"n":2)"));
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr("two"), EndsWith("data: [DONE]\n\n")));
}

TEST(Attempt, AStreamThatIsCutWithinAnEventIsCutAndNotMalformed) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), bytes(R"(data: {"id":"c1","choi)"), end()});
  rig.client.expect("main", hello());
  EXPECT_THAT(rig.call(ask(true))->reply.body(), HasSubstr("Hello "));
  EXPECT_EQ(rig.log.lines.at(0).attempts.at(0).outcome, "cut");
}

TEST(Attempt, AMalformedEventIsToldInTheLogWithoutItsText) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), event("secret, no JSON"), end()});
  rig.client.expect("main", hello());
  rig.call(ask(true));
  const ports::AttemptLine& first = rig.log.lines.at(0).attempts.at(0);
  EXPECT_EQ(first.outcome, "malformed_event");
  EXPECT_THAT(first.detail, AllOf(HasSubstr("no JSON: "), Not(HasSubstr("secret"))));
}

TEST(Attempt, AWholeAnswerInsteadOfAStreamIsProgressWhileItComes) {
  EngineRig rig(settings_of({"main", "other"}, "openai"));
  rig.client.expect(
      "main", {head(200, "application/json"), bytes(R"({"id":"c1","object":"chat.completion",)", 1s),
               bytes(R"("created":1,"model":"m","choices":[{"index":0,"message":)", 12s),
               bytes(R"({"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})", 12s), end()});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_THAT(call->reply.body(), HasSubstr(R"("content":"Hello")"));
}

TEST(Attempt, WhatFollowsDoneIsReadSoThatTheConnectionIsUsedAgain) {
  EngineRig rig(settings_of({"main"}));
  ports::Script late_end = hello();
  late_end.back().after = 500ms;
  rig.client.expect("main", late_end);
  rig.call(ask(true));
  EXPECT_FALSE(rig.client.seen().at(0)->cancelled);
  EXPECT_EQ(rig.client.open_now(), 0);
}

TEST(Attempt, TheBodyOfAnErrorIsWaitedForFiveSecondsOnly) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(503, "application/json"), bytes("{", 1s), bytes("}", 1h)});
  rig.client.expect("other", hello());
  const auto start = rig.loop.now();
  rig.call(ask(false));
  ASSERT_EQ(rig.client.seen().size(), 2u);
  EXPECT_EQ(rig.client.seen()[1]->at - start, 5s);
}

TEST(Answer, ThatNoUpstreamGaveNamesNone) {
  auto settings = settings_of({"main"});
  settings.routes[0].match = "only-this";
  EngineRig rig(settings);
  EXPECT_FALSE(rig.call("", {}, "/v1/models", "GET")->reply.headers().get("x-dujiang-served-by"));
}

TEST(Answer, HeadersThatWentOutEarlyClaimNothingOfAttempts) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), bytes(": keep-alive\n\n", 20s), event(content("Hello"), 1s),
                             event(stop()), bytes("data: [DONE]\n\n"), end()});
  const auto call = rig.call(ask(true));
  EXPECT_FALSE(call->reply.headers().get("x-dujiang-attempts"));
  EXPECT_FALSE(call->reply.headers().get("x-dujiang-served-by"));
  EXPECT_THAT(call->reply.body(), HasSubstr("x-dujiang-attempts: 1"));
}

TEST(Queue, ThatIsFullSaysWhenToComeAgain) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].queue_limit = 1;
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  EngineRig rig(settings);
  rig.client.expect("main", {head(200), event(content("Hel")), bytes(": keep-alive\n\n", 1h)});
  rig.begin(ask(true));
  const auto waiting = rig.begin(ask(false));
  rig.loop.run_for(1s);
  const auto refused = rig.begin(ask(false));
  rig.loop.run_for(1s);
  EXPECT_EQ(refused->reply.status(), 429);
  EXPECT_TRUE(refused->reply.headers().get("retry-after"));
  EXPECT_EQ(rig.metrics.value(Metric::queue_length, {"main"}), 1);
  waiting->hang_up();
  rig.loop.run_for(0s);
  EXPECT_EQ(rig.metrics.value(Metric::queue_length, {"main"}), 0);
}

TEST(Queue, ACallThatCanOutwaitTheAccountsAbsenceWaits) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", refusal(402, R"({"error":{"message":"Insufficient Balance"}})"));
  rig.client.expect("main", hello());
  rig.call(ask(false));
  // A whole answer has nine minutes, the account is out for ten; a stream has an hour.
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 402);
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_THAT(rig.call(ask(true))->reply.body(), EndsWith("data: [DONE]\n\n"));
}

}  // namespace
}  // namespace dujiang::testing
