// What a caller's key allows, costs and hides: on the whole engine, in simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ports::Metric;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<const policy::CallerKey> key(route::CallerKeySpec spec = {}) {
  spec.name = "team-a";
  return std::make_shared<const policy::CallerKey>(policy::CallerKey{.spec = std::move(spec)});
}

route::CallerKeySpec with_rate(double per_second, double burst,
                               std::optional<std::chrono::milliseconds> max_wait = std::nullopt) {
  return {.rate_limit = route::CallerRateSpec{.limit = {.per_second = per_second, .burst = burst},
                                              .max_wait = max_wait}};
}

// One route a model, and "*", before one upstream.
engine::Settings settings_with_routes(const std::vector<std::string>& models) {
  engine::Settings settings = settings_of({"main"});
  for (const std::string& model : models) {
    route::RouteSpec route = settings.routes.front();
    route.name = "route-" + model;
    route.match = model;
    settings.routes.push_back(std::move(route));
  }
  return settings;
}

std::string ask_for(const std::string& model) {
  return R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}]})";
}

std::string header(const RigCall& call, std::string_view name) {
  return std::string(call.reply.headers().get(name).value_or("(none)"));
}

// --- rates

TEST(CallerRate, OverflowWaitsForItsTurnInTheQueue) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key(with_rate(2, 2));
  for (int i = 0; i < 5; ++i) rig.client.expect("main", hello());
  const auto start = rig.loop.now();
  for (int i = 0; i < 5; ++i) rig.begin(ask(false));
  rig.loop.run();
  ASSERT_EQ(rig.client.seen().size(), 5u);
  const std::vector<base::Duration> due{0ms, 0ms, 500ms, 1000ms, 1500ms};
  for (std::size_t i = 0; i < due.size(); ++i) EXPECT_EQ(rig.client.seen()[i]->at - start, due[i]) << i;
  for (const auto& line : rig.log.lines) EXPECT_EQ(line.result, "ok");
}

TEST(CallerRate, WhatCannotBeServedBeforeItsDeadlineIsRefusedAtOnceWithRetryAfter) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key(with_rate(0.1, 1));
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  const auto start = rig.loop.now();
  const auto refused = rig.call(ask(false), {{"x-dujiang-deadline-ms", "3000"}});
  EXPECT_EQ(refused->reply.status(), 429);
  EXPECT_EQ(refused->reply.ended_at(), start);
  EXPECT_THAT(refused->reply.body(), HasSubstr(R"("code":"rate_limited")"));
  // The turn is 9.5 s away, the deadline 2.5 s: a call that comes 7 s later is in time.
  EXPECT_EQ(header(*refused, "retry-after"), "7");
  EXPECT_EQ(header(*refused, "x-should-retry"), "true");
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(rig.metrics.value(Metric::caller_requests, {"team-a", "rate_limited"}), 1);
}

TEST(CallerRate, NobodyWaitsLongerForATurnThanTheKeySays) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key(with_rate(1, 1, 2s));
  for (int i = 0; i < 3; ++i) rig.client.expect("main", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(rig.begin(ask(false)));
  rig.loop.run();
  EXPECT_EQ(calls[2]->reply.status(), 200);
  EXPECT_EQ(calls[3]->reply.status(), 429);
  EXPECT_EQ(header(*calls[3], "retry-after"), "1");
}

TEST(CallerRate, OfOneKeyIsNotThatOfAnother) {
  EngineRig rig(settings_of({"main"}));
  for (int i = 0; i < 2; ++i) rig.client.expect("main", hello());
  const auto start = rig.loop.now();
  rig.key = key(with_rate(0.1, 1));
  rig.begin(ask(false));
  rig.key = key(with_rate(0.1, 1));
  rig.begin(ask(false));
  rig.loop.run();
  EXPECT_EQ(rig.client.seen().at(1)->at, start);
}

TEST(CallerRate, ATurnThatIsFarAwayIsNotBlamedOnTheFirstTarget) {
  auto settings = settings_of({"first", "second"});
  settings.routes[0].clocks.first_token = 1s;  // so long is a queue waited for where another target is
  EngineRig rig(settings);
  rig.key = key(with_rate(0.2, 1));
  for (int i = 0; i < 2; ++i) rig.client.expect("first", hello());
  rig.begin(ask(false));
  const auto second = rig.begin(ask(false));
  rig.loop.run();
  EXPECT_EQ(second->reply.status(), 200);
  EXPECT_EQ(header(*second, "x-dujiang-served-by"), "first/m");
}

TEST(CallerRate, ABadRequestCostsNoTurn) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key(with_rate(0.01, 1));
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call("{")->reply.status(), 400);
  EXPECT_EQ(rig.call(ask(false), {{"x-dujiang-deadline-ms", "3000"}})->reply.status(), 200);
}

TEST(RateLimitHeaders, TellCallersWhereTheyStandOnEveryAnswer) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key(with_rate(2, 4, 0s));
  for (int i = 0; i < 4; ++i) rig.client.expect("main", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  for (const bool stream : {false, true, false, true, false}) calls.push_back(rig.begin(ask(stream)));
  rig.loop.run();
  for (const auto& call : calls) EXPECT_EQ(header(*call, "RateLimit-Policy"), "\"calls\";q=4;w=2");
  EXPECT_EQ(header(*calls[0], "RateLimit"), "\"calls\";r=3;t=1");
  EXPECT_EQ(header(*calls[1], "RateLimit"), "\"calls\";r=2;t=1");
  EXPECT_EQ(header(*calls[2], "RateLimit"), "\"calls\";r=1;t=2");
  EXPECT_EQ(header(*calls[3], "RateLimit"), "\"calls\";r=0;t=2");
  EXPECT_EQ(calls[4]->reply.status(), 429);
  EXPECT_EQ(header(*calls[4], "RateLimit"), "\"calls\";r=0;t=2");
}

TEST(RateLimitHeaders, OfTheUpstreamGiveWayToTheCallersOwn) {
  for (const bool has_rate : {true, false}) {
    EngineRig rig(settings_of({"main"}));
    rig.key = has_rate ? key(with_rate(2, 4)) : key();
    ports::Script script = hello();
    script[0].headers.add("RateLimit", "\"operator\";r=7;t=1");
    rig.client.expect("main", script);
    const auto call = rig.call(ask(true));
    EXPECT_EQ(call->reply.headers().count("RateLimit"), 1u);
    EXPECT_EQ(header(*call, "RateLimit"), has_rate ? "\"calls\";r=3;t=1" : "\"operator\";r=7;t=1");
  }
}

TEST(RateLimitHeaders, AreAbsentWhereNoKeyHasARate) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", hello());
  EXPECT_EQ(header(*rig.call(ask(false)), "RateLimit-Policy"), "(none)");
}

TEST(RateLimitHeaders, SpeakOfWholeSeconds) {
  EngineRig rig(settings_of({"main"}));
  for (const auto& [per_second, burst, policy] :
       {std::tuple{5.0, 1.0, "\"calls\";q=5;w=1"}, std::tuple{0.5, 1.0, "\"calls\";q=1;w=2"},
        std::tuple{3.0, 10.0, "\"calls\";q=12;w=4"}, std::tuple{0.3, 1.0, "\"calls\";q=1;w=4"}}) {
    rig.key = key(with_rate(per_second, burst));
    rig.client.expect("main", hello());
    EXPECT_EQ(header(*rig.call(ask(false)), "RateLimit-Policy"), policy) << per_second << " " << burst;
  }
}

// --- rights

TEST(CallerRights, AKeyMayUseItsRoutesOnly) {
  EngineRig rig(settings_with_routes({"small", "large"}));
  rig.key = key({.routes = {"route-small"}});
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask_for("small"))->reply.status(), 200);
  const auto refused = rig.call(ask_for("large"));
  EXPECT_EQ(refused->reply.status(), 403);
  EXPECT_THAT(refused->reply.body(), HasSubstr(R"("param":"model","code":"key_not_allowed")"));
  EXPECT_EQ(rig.call("", {}, "/v1/models/large", "GET")->reply.status(), 403);
  EXPECT_EQ(rig.call("", {}, "/v1/models/small", "GET")->reply.status(), 200);
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(rig.log.lines.front().caller, "team-a");
}

TEST(CallerRights, TheListOfModelsIsThatOfItsRoutes) {
  EngineRig rig(settings_with_routes({"small", "large"}));
  rig.key = key({.routes = {"route-small"}});
  const auto list = rig.call("", {}, "/v1/models", "GET");
  EXPECT_EQ(list->reply.status(), 200);
  EXPECT_THAT(list->reply.body(), HasSubstr(R"("id":"small")"));
  EXPECT_THAT(list->reply.body(), Not(HasSubstr("large")));
  EXPECT_EQ(rig.client.seen().size(), 0u) << "the open route is not its own, so that nobody is asked";
}

TEST(CallerRights, TheClassOfAKeyGoesBeforeThatOfTheRoute) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  EngineRig rig(settings);
  for (int i = 0; i < 3; ++i) rig.client.expect("main", hello());
  rig.begin(ask(false));
  rig.key = key({.caller_class = "background"});
  rig.begin(ask(false));
  rig.key = key({.caller_class = "core"});
  rig.begin(ask(false));
  rig.loop.run();
  ASSERT_EQ(rig.log.lines.size(), 3u);
  EXPECT_EQ(rig.log.lines[1].caller_class, "core");
  EXPECT_EQ(rig.log.lines[2].caller_class, "background");
}

TEST(CallerRights, TheDeadlineIsNoLaterThanTheKeyAllows) {
  EngineRig rig(settings_of({"main"}));
  rig.key = key({.deadline = 4s});
  rig.client.expect("main", {head(200, "text/event-stream", 100ms), event(role(), 60s)});
  const auto start = rig.loop.now();
  const auto call = rig.call(ask(false));
  EXPECT_EQ(call->reply.status(), 504);
  EXPECT_LE(call->reply.ended_at() - start, 4s);
}

TEST(CallerRights, TheBalanceIsToldToKeysThatMayReadIt) {
  EngineRig rig(settings_of({"main"}));
  const auto balance = [&] { return rig.call("", {}, "/user/balance", "GET")->reply.status(); };
  rig.key = key();
  EXPECT_EQ(balance(), 403);
  EXPECT_EQ(rig.client.seen().size(), 0u);
  rig.key = key({.balance = true});
  rig.client.expect("main", refusal(200, R"({"is_available":true,"balance_infos":[]})"));
  EXPECT_EQ(balance(), 200);
}

TEST(CallerRights, AKeyThatIsBoundToRoutesGetsNoPathRelayed) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  EngineRig rig(settings);
  rig.key = key({.routes = {"main"}});
  EXPECT_EQ(rig.call("", {}, "/v1/files", "GET")->reply.status(), 403);
  rig.key = key();
  rig.client.expect("main", refusal(200, "{}"));
  EXPECT_EQ(rig.call("", {}, "/v1/files", "GET")->reply.status(), 200);
}

// --- the operator's account

struct AccountTrouble {
  int status;
  const char* says;
  const char* reason;
};

constexpr AccountTrouble kTroubles[] = {
    {401, "Authentication Fails, Your api key: sk-of-main is invalid", "auth"},
    {402, "Insufficient Balance", "balance"},
    {403, "Your account may not do this", "forbidden"},
};

std::string trouble_body(const AccountTrouble& trouble) {
  return R"({"error":{"message":")" + std::string(trouble.says) +
         R"(","type":"authentication_error","param":null,"code":"invalid_request_error"}})";
}

TEST(OperatorsAccount, IsHiddenFromCallersWithAKey) {
  for (const AccountTrouble& trouble : kTroubles) {
    EngineRig rig(settings_of({"main"}));
    rig.key = key();
    rig.client.expect("main", refusal(trouble.status, trouble_body(trouble)));
    // The second call meets no account at all.
    for (int i = 0; i < 2; ++i) {
      const auto call = rig.call(ask(false), {{"x-dujiang-deadline-ms", "3000"}});
      EXPECT_EQ(call->reply.status(), 503) << trouble.status;
      EXPECT_THAT(call->reply.body(), HasSubstr(R"("code":"upstream_account")"));
      EXPECT_THAT(call->reply.body(), Not(HasSubstr(trouble.says)));
      EXPECT_THAT(call->reply.body(), Not(HasSubstr("sk-of")));
      EXPECT_EQ(header(*call, "x-should-retry"), "false");
    }
    EXPECT_GE(rig.metrics.value(Metric::account_faults, {"main", trouble.reason}), 1);
    EXPECT_EQ(rig.log.lines[0].attempts[0].outcome, trouble.reason) << "the operator reads the cause";
  }
}

TEST(OperatorsAccount, IsExplainedWhereCallersNeedNoKey) {
  for (const AccountTrouble& trouble : kTroubles) {
    EngineRig rig(settings_of({"main"}));
    rig.client.expect("main", refusal(trouble.status, trouble_body(trouble)));
    const auto call = rig.call(ask(false));
    EXPECT_EQ(call->reply.status(), trouble.status);
    EXPECT_EQ(rig.metrics.value(Metric::account_faults, {"main", trouble.reason}), 1);
  }
}

TEST(OperatorsAccount, IsHiddenAmongOtherFailuresToo) {
  EngineRig rig(settings_of({"first", "second"}));
  rig.key = key();
  rig.client.expect("first", busy());
  rig.client.expect("second", refusal(402, trouble_body(kTroubles[1])));
  rig.client.expect("first", busy());
  const auto call = rig.call(ask(false), {{"x-dujiang-max-attempts", "3"}});
  EXPECT_THAT(call->reply.body(), HasSubstr("second/m: upstream_account (1)"));
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("balance")));
}

TEST(OperatorsAccount, IsHiddenFromRelaysOfUnknownPaths) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  for (const AccountTrouble& trouble : kTroubles) {
    EngineRig rig(settings);
    rig.key = key();
    rig.client.expect("main", refusal(trouble.status, trouble_body(trouble)));
    const auto call = rig.call("", {}, "/v1/files", "GET");
    EXPECT_EQ(call->reply.status(), 503);
    EXPECT_THAT(call->reply.body(), HasSubstr("upstream_account"));
    EXPECT_EQ(rig.metrics.value(Metric::account_faults, {"main", trouble.reason}), 1);
  }
}

// --- one line a request

TEST(ListOfModels, LeavesOneLineHoweverManyUpstreamsAreAsked) {
  EngineRig rig(settings_of({"first", "second"}));
  rig.client.expect("first", refusal(404, R"({"error":{"message":"no such path"}})"));
  rig.client.expect("second", refusal(200, R"({"object":"list","data":[{"id":"m-2"}]})"));
  const auto list = rig.call("", {}, "/v1/models", "GET");
  EXPECT_EQ(list->reply.status(), 200);
  EXPECT_THAT(list->reply.body(), HasSubstr("m-2"));
  ASSERT_EQ(rig.log.lines.size(), 1u);
  EXPECT_EQ(rig.log.lines[0].status, 200);
  EXPECT_EQ(rig.log.lines[0].result, "ok");
  EXPECT_EQ(rig.log.lines[0].attempts.size(), 2u);
  EXPECT_EQ(rig.log.lines[0].response_bytes, list->reply.body().size());
}

TEST(ListOfModels, ThatNobodyGivesIsOneFailure) {
  EngineRig rig(settings_of({"only"}));
  rig.client.expect("only", refusal(404, R"({"error":{"message":"no such path"}})"));
  const auto list = rig.call("", {}, "/v1/models", "GET");
  EXPECT_EQ(list->reply.status(), 404);
  ASSERT_EQ(rig.log.lines.size(), 1u);
  EXPECT_EQ(rig.log.lines[0].status, 404);
  EXPECT_EQ(rig.log.lines[0].result, "not_found");
}

TEST(ListOfModels, CostsOneTurnHoweverManyAreAsked) {
  EngineRig rig(settings_of({"first", "second"}));
  rig.key = key(with_rate(0.01, 1, 0s));
  for (const char* name : {"first", "second"}) {
    rig.client.expect(name, refusal(200, R"({"object":"list","data":[{"id":"m"}]})"));
  }
  const auto list = rig.call("", {}, "/v1/models", "GET");
  EXPECT_EQ(list->reply.status(), 200);
  EXPECT_EQ(header(*list, "RateLimit"), "\"calls\";r=0;t=100");
  EXPECT_EQ(rig.call("", {}, "/v1/models", "GET")->reply.status(), 429);
  EXPECT_EQ(rig.client.seen().size(), 2u);
}

}  // namespace
}  // namespace dujiang::testing
