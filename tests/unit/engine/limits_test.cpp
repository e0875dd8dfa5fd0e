// What bounds a request: memory, classes, pauses, the caller's own wish: on the whole engine, in simulated
// time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ports::Script full_account(std::string retry_after = "") {
  ports::Script script =
      refusal(429, R"({"error":{"message":"Too many requests. Your current concurrency is 26",)"
                   R"("type":"rate_limit_error"}})");
  if (!retry_after.empty()) script[0].headers.add("Retry-After", std::move(retry_after));
  return script;
}

TEST(Memory, ARequestThatCannotBeKeptForRetriesIsServedButOnce) {
  auto settings = settings_of({"main"});
  settings.retry_memory_bytes = 10;
  EngineRig rig(settings);
  rig.client.expect("main", busy());
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 503);
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  EXPECT_EQ(rig.client.seen().size(), 2u);
  EXPECT_EQ(rig.metrics.value(ports::Metric::not_retryable, {}), 2);
}

TEST(Memory, OfAStreamsRequestIsFreeOnceItsContentGoesToTheCaller) {
  auto settings = settings_of({"main"});
  settings.retry_memory_bytes = ask(true).size();
  EngineRig rig(settings);
  rig.client.expect("main", {head(200), event(content("Hel"), 1s), failure(ports::IoFailure::reset, 9s)});
  rig.client.expect("main", busy());
  rig.client.expect("main", hello());
  const auto first = rig.begin(ask(true));
  rig.loop.run_for(500ms);
  EXPECT_FALSE(first->reply.body_forgotten()) << "it can still be sent again";
  rig.loop.run_for(1s);
  EXPECT_TRUE(first->reply.body_forgotten());
  const auto second = rig.begin(ask(true));
  rig.loop.run();
  EXPECT_THAT(second->reply.body(), HasSubstr("[DONE]")) << "there was room to repeat it";
  EXPECT_EQ(rig.metrics.value(ports::Metric::not_retryable, {}), 0);
}

TEST(Streams, OneMoreThanMayBeUnderWayIsRefusedAtOnceAndServedWhenThereIsRoomAgain) {
  auto settings = settings_of({"main"});
  settings.max_streams = 1;
  EngineRig rig(settings);
  rig.client.expect("main", hello());
  const auto first = rig.begin(ask(true));
  const auto second = rig.begin(ask(true));
  const auto whole = rig.begin(ask(false));
  rig.loop.run();
  EXPECT_EQ(first->reply.status(), 200);
  EXPECT_EQ(second->reply.status(), 503);
  EXPECT_THAT(second->reply.body(), HasSubstr("too_many_streams"));
  EXPECT_EQ(whole->reply.status(), 200) << "no stream to its caller";
  EXPECT_EQ(rig.client.seen().size(), 2u);
  EXPECT_EQ(rig.call(ask(true))->reply.status(), 200);
}

TEST(Queue, AClassThatIsCoreGoesBeforeOneThatIsStandardAndThatBeforeBackground) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  settings.routes.clear();
  for (const std::string_view name : {"core", "standard", "background"}) {
    route::RouteSpec route;
    route.name = std::string(name);
    route.match = route.name;
    route.caller_class = route.name;
    route.targets.push_back({.upstream = "main", .model = "m", .can = {}, .forward_headers = {}});
    settings.routes.push_back(std::move(route));
  }
  EngineRig rig(settings);
  rig.client.expect("main", hello());
  const auto ask_as = [&rig](const std::string& model) {
    rig.begin(R"({"model":")" + model + R"(","messages":[{"role":"user","content":"to )" + model + R"("}]})");
  };
  for (const char* model : {"standard", "background", "standard", "core"}) ask_as(model);
  rig.loop.run();
  ASSERT_EQ(rig.client.seen().size(), 4u);
  EXPECT_THAT(rig.client.seen()[1]->body, HasSubstr("to core"));
  EXPECT_THAT(rig.client.seen()[2]->body, HasSubstr("to standard"));
  EXPECT_THAT(rig.client.seen()[3]->body, HasSubstr("to background"));
}

TEST(Accounts, AFullOneIsSentNothingForAWhileByAnyone) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", full_account());
  rig.client.expect("main", hello());
  const auto start = rig.loop.now();
  rig.begin(ask(false));
  rig.loop.run_for(51ms);
  rig.call(ask(false));
  ASSERT_EQ(rig.client.seen().size(), 3u);
  EXPECT_GE(rig.client.seen()[1]->at - start, 300ms);
}

TEST(Accounts, AFullOneIsLeftAloneForAsLongAsItAsks) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", full_account("7"));
  rig.client.expect("main", hello());
  const auto start = rig.loop.now();
  rig.begin(ask(false));
  rig.loop.run_for(51ms);
  rig.call(ask(false));
  ASSERT_EQ(rig.client.seen().size(), 3u);
  EXPECT_GE(rig.client.seen()[1]->at - start, 7s);
}

TEST(Accounts, WhereTheLastKeyIsRefusedNothingElseIsTried) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", refusal(401, R"({"error":{"message":"Authentication Fails"}})"));
  const auto call = rig.call(ask(false));
  EXPECT_EQ(call->reply.status(), 401);
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("Other failures")));
  // The next one is told why there is no account left.
  const auto next = rig.call(ask(false));
  EXPECT_EQ(next->reply.status(), 401);
  EXPECT_EQ(rig.client.seen().size(), 1u);
}

TEST(Accounts, OfAnUpstreamThatIsOutComeBackWhenAProbeIsAccepted) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", refusal(402, R"({"error":{"message":"Insufficient Balance"}})"));
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 402);
  rig.loop.run_for(11min);
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  // It is no probe any more: two may run at once.
  const auto first = rig.begin(ask(false));
  const auto second = rig.begin(ask(false));
  rig.loop.run_for(1s);
  EXPECT_EQ(first->reply.status(), 200);
  EXPECT_EQ(second->reply.status(), 200);
}

TEST(Blank, AnAnswerThatMayNotBeAskedForAgainIsAnError) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), event(stop()), bytes("data: [DONE]\n\n"), end()});
  const auto call = rig.call(ask(false), {{"x-dujiang-max-attempts", "1"}});
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(call->reply.status(), 502);
  EXPECT_EQ(rig.log.lines.at(0).result, "blank");
}

TEST(Blank, OneTokenThatSaysNothingIsAnAnswer) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), event(stop()), bytes("data: [DONE]\n\n"), end()});
  EXPECT_EQ(rig.call(ask(false, R"(,"max_tokens":1)"))->reply.status(), 200);
  EXPECT_EQ(rig.client.seen().size(), 1u);
}

TEST(UntoldFailure, IsToldToTheRepeatOfTheCallerWhomItConcernsOnly) {
  auto settings = settings_of({"main"}, "openai");
  settings.routes[0].clocks.total = 100s;
  EngineRig rig(settings);
  rig.client.expect("main", {bytes("", 1h)});
  rig.client.expect("main", hello());
  const http::Headers mine{{"Authorization", "Bearer mine"}, {"x-stainless-retry-count", "1"}};
  const http::Headers other{{"Authorization", "Bearer other"}, {"x-stainless-retry-count", "1"}};
  EXPECT_TRUE(rig.call(ask(false), {{"Authorization", "Bearer mine"}, {"x-dujiang-max-attempts", "1"}})
                  ->reply.aborted());
  EXPECT_EQ(rig.call(ask(false), other)->reply.status(), 200);
  EXPECT_EQ(rig.call(ask(false), mine)->reply.status(), 504);
  EXPECT_EQ(rig.call(ask(false), mine)->reply.status(), 200) << "once";
}

}  // namespace
}  // namespace dujiang::testing
