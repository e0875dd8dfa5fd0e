#include "engine/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

ports::Script json(int status, std::string body) {
  return {head(status, "application/json"), bytes(std::move(body)), end()};
}

engine::Settings with_model_route(engine::Settings settings, std::string match, std::string model) {
  route::RouteSpec route = settings.routes[0];
  route.name = match;
  route.match = std::move(match);
  route.targets[0].model = std::move(model);
  settings.routes.insert(settings.routes.begin(), std::move(route));
  return settings;
}

TEST(Gateway, AnUnknownPathNamesTheSettingThatRelaysIt) {
  EngineRig rig(settings_of({"main"}));
  const auto call = rig.call("{}", {}, "/v1/audio/speech");
  EXPECT_EQ(call->reply.status(), 404);
  EXPECT_THAT(call->reply.body(), HasSubstr("relay_unknown_paths_to"));
  EXPECT_EQ(rig.log.lines.size(), 1u);
}

TEST(Gateway, AnUnknownPathIsRelayedAsItIsWhereASettingSaysWhereTo) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  EngineRig rig(settings);
  rig.client.expect("main", {head(201, "audio/mpeg"), bytes("\x01\x02", 1s), bytes("\x03", 1s), end()});
  const auto call = rig.call("raw", {{"Content-Type", "application/json"}}, "/v1/audio/speech");
  EXPECT_EQ(call->reply.status(), 201);
  EXPECT_EQ(call->reply.headers().get("content-type"), "audio/mpeg");
  EXPECT_EQ(call->reply.body(), "\x01\x02\x03");
  EXPECT_EQ(rig.client.seen().at(0)->target, "/v1/audio/speech");
  EXPECT_EQ(rig.client.seen().at(0)->body, "raw");
  EXPECT_EQ(rig.log.lines.at(0).result, "ok");
}

// Nobody knows what an unknown path does when it is called twice.
TEST(Gateway, ARelayedRequestGoesOutAgainForAStaleConnectionOnlyIfItsMethodAllowsIt) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  EngineRig rig(settings);
  rig.client.expect("main", {head(200, "application/json"), bytes("{}"), end()});
  const std::vector<std::pair<std::string, bool>> methods{
      {"GET", true}, {"DELETE", true}, {"PUT", true}, {"POST", false}, {"PATCH", false}};
  for (const auto& [method, may_repeat] : methods) {
    EXPECT_EQ(rig.call("{}", {}, "/v1/files/1", method)->reply.status(), 200);
    EXPECT_EQ(rig.client.seen().back()->repeat_on_stale, may_repeat) << method;
  }
}

TEST(Gateway, TheLastAttemptOfACallThatMayCostDoesNotGoOutAgain) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", hello());
  rig.call(ask(true));
  EXPECT_TRUE(rig.client.seen().back()->repeat_on_stale);
  rig.call(ask(true), {{"x-dujiang-max-attempts", "1"}});
  EXPECT_FALSE(rig.client.seen().back()->repeat_on_stale);
  rig.call("", {{"x-dujiang-max-attempts", "1"}}, "/v1/models/m", "GET");
  EXPECT_TRUE(rig.client.seen().back()->repeat_on_stale) << "a look at a model costs nothing";
}

TEST(Gateway, WhatTheRouteDoesNotLetBePaidTwiceDoesNotGoOutAgain) {
  auto one_attempt = settings_of({"main"});
  one_attempt.routes[0].retries.max_attempts = 1;
  auto no_paid_repeat = settings_of({"main"});
  no_paid_repeat.routes[0].retries.possibly_billed_per_request = 0;
  for (const auto& settings : {one_attempt, no_paid_repeat}) {
    EngineRig rig(settings);
    rig.client.expect("main", hello());
    rig.call(ask(true));
    EXPECT_FALSE(rig.client.seen().back()->repeat_on_stale);
  }
}

TEST(Gateway, AWrongMethodIsToldTheRightOne) {
  EngineRig rig(settings_of({"main"}));
  const auto call = rig.call("", {}, "/v1/chat/completions", "GET");
  EXPECT_EQ(call->reply.status(), 405);
  EXPECT_EQ(call->reply.headers().get("allow"), "POST, OPTIONS");
}

TEST(Gateway, WhoAsksForTheMethodsOfAPathIsToldThem) {
  EngineRig rig(settings_of({"main"}));
  for (const auto& [path, allow] :
       {std::pair{"/v1/chat/completions", "POST, OPTIONS"}, std::pair{"/v1/models", "GET, HEAD, OPTIONS"},
        std::pair{"/v1/models/deepseek-chat", "GET, HEAD, OPTIONS"},
        std::pair{"*", "GET, HEAD, POST, OPTIONS"}}) {
    const auto call = rig.call("", {}, path, "OPTIONS");
    EXPECT_EQ(call->reply.status(), 204) << path;
    EXPECT_EQ(call->reply.headers().get("allow"), allow) << path;
    EXPECT_EQ(rig.log.lines.back().result, "ok");
  }
  EXPECT_EQ(rig.call("", {}, "/nowhere", "OPTIONS")->reply.status(), 404);
}

TEST(Gateway, AHeadIsAskedOfTheUpstreamAsAGet) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200, "application/json"),
                             bytes(R"({"is_available":true,"balance_infos":[]})", 1s), end()});
  const auto call = rig.call("", {}, "/user/balance", "HEAD");
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_EQ(rig.client.seen().at(0)->method, "GET");
}

TEST(Gateway, AnUnknownModelIsToldTheKnownOnes) {
  auto settings = settings_of({"main"});
  settings.routes[0].match = "deepseek-chat";
  EngineRig rig(settings);
  const auto call = rig.call(ask(false));
  EXPECT_EQ(call->reply.status(), 404);
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr("deepseek-chat"), HasSubstr("model_not_found")));
}

TEST(Gateway, TheCallersRequestIdIsKeptAndAnUnfitOneReplaced) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false), {{"x-request-id", "mine-1"}})->reply.headers().get("x-request-id"),
            "mine-1");
  EXPECT_THAT(
      std::string(
          *rig.call(ask(false), {{"x-request-id", "two words"}})->reply.headers().get("x-request-id")),
      StartsWith("req_"));
}

TEST(Models, TheListIsTheUnionOfWhatRoutesNameAndWhatOpenUpstreamsOffer) {
  EngineRig rig(with_model_route(settings_of({"main"}), "named", "m2"));
  rig.client.expect(
      "main", json(200, R"({"object":"list","data":[{"id":"offered","object":"model","owned_by":"x"}]})"));
  const auto call = rig.call("", {}, "/v1/models", "GET");
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr(R"("named")"), HasSubstr(R"("offered")")));
}

TEST(Models, WithoutAnOpenRouteNobodyIsAsked) {
  auto settings = settings_of({"main"});
  settings.routes[0].match = "only-this";
  EngineRig rig(settings);
  const auto call = rig.call("", {}, "/models", "GET");
  EXPECT_THAT(call->reply.body(), HasSubstr("only-this"));
  EXPECT_TRUE(rig.client.seen().empty());
  EXPECT_EQ(rig.call("", {}, "/v1/models/only-this", "GET")->reply.status(), 200);
  EXPECT_EQ(rig.call("", {}, "/v1/models/other", "GET")->reply.status(), 404);
}

TEST(Balance, IsAskedOfTheUpstreamThatTellsOneAndSurvivesARefusal) {
  EngineRig rig(settings_of({"main"}));
  const std::string balance = R"({"is_available":true,"balance_infos":[]})";
  rig.client.expect("main", busy());
  rig.client.expect("main", json(200, balance));
  const auto call = rig.call("", {}, "/user/balance", "GET");
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_EQ(call->reply.body(), balance);
  EXPECT_EQ(rig.client.seen().at(1)->method, "GET");
}

TEST(Gateway, TheCallersKeyIsPassedThroughOnlyWhereTheUpstreamSaysSo) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts.clear();
  settings.upstreams[0].pass_through_key = true;
  EngineRig rig(settings);
  rig.client.expect("main", hello());
  rig.call(ask(false), {{"Authorization", "Bearer mine"}});
  EXPECT_EQ(rig.client.seen().at(0)->headers.get("authorization"), "Bearer mine");

  auto closed = settings_of({"main"});
  closed.upstreams[0].accounts.clear();
  EngineRig silent(closed);
  silent.client.expect("main", hello());
  silent.call(ask(false), {{"Authorization", "Bearer mine"}});
  EXPECT_FALSE(silent.client.seen().at(0)->headers.get("authorization"));
}

TEST(Gateway, AStreamThatAnUpstreamGivesInOnePieceReachesTheCallerAsAStream) {
  EngineRig rig(settings_of({"main"}, "openai"));
  rig.client.expect("main",
                    json(200, R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[)"
                              R"({"index":0,"message":{"role":"assistant","content":"Hello"},)"
                              R"("finish_reason":"stop"}]})"));
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), AllOf(HasSubstr(R"("delta":{"role":"assistant","content":"Hello"})"),
                                        HasSubstr("chat.completion.chunk"), HasSubstr("[DONE]")));
}

// A storm in which each attempt meets what chance brings.
std::string storm_trace(std::uint64_t seed) {
  EngineRig rig(settings_of({"main", "other"}), seed);
  base::Random weather(7);
  rig.client.answer_with([&](const ports::SeenRequest&) -> ports::Script {
    const double draw = weather.uniform();
    if (draw < 0.5) return busy();
    if (draw < 0.6) return {head(200, "application/json"), bytes("\n\n\n\n", 2s), end()};
    if (draw < 0.7) return {head(200), bytes(": keep-alive\n\n", 5s), bytes(": keep-alive\n\n", 10s)};
    if (draw < 0.75) return {failure(ports::IoFailure::reset, 1s)};
    return hello();
  });
  std::vector<std::shared_ptr<RigCall>> calls;
  const auto start = rig.loop.now();
  for (int i = 0; i < 100; ++i) {
    calls.push_back(rig.begin(ask(i % 2 == 0)));
    rig.loop.run_for(100ms);
  }
  rig.loop.run();
  std::string trace;
  for (const auto& call : calls) {
    trace += std::to_string(call->reply.status()) + "@" +
             std::to_string((call->reply.ended_at() - start) / 1ms) + " " + call->reply.body() + "\n";
    EXPECT_TRUE(call->done);
    EXPECT_TRUE(call->reply.finished() || call->reply.aborted());
  }
  for (const auto& seen : rig.client.seen())
    trace += std::to_string((seen->at - start) / 1ms) + seen->upstream + " ";
  EXPECT_EQ(rig.loop.live_tasks(), 0u);
  EXPECT_EQ(rig.client.open_now(), 0);
  return trace;
}

TEST(VirtualTime, TheSameSeedGivesTheSameTraceOfAStormAndAnotherSeedAnother) {
  const std::string trace = storm_trace(1);
  EXPECT_EQ(trace, storm_trace(1));
  EXPECT_NE(trace, storm_trace(2));
  EXPECT_THAT(trace, Not(HasSubstr("\n503@")));
}

}  // namespace
}  // namespace dujiang::testing
