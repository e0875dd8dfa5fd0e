// Another configuration comes while requests are under way: nothing is dropped, nothing forgotten, and no key
// goes astray.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ports::Metric;

class Reloading : public ::testing::Test {
 protected:
  void adopt(engine::Settings settings) { rig.adopt(std::move(settings)); }

  // The keys that attempts were made with, in order.
  std::vector<std::string> keys_seen() const {
    std::vector<std::string> keys;
    for (const auto& seen : rig.client.seen()) {
      keys.push_back(seen->upstream + ":" + std::string(seen->headers.get("authorization").value_or("none")));
    }
    return keys;
  }

  static route::UpstreamSpec& upstream(engine::Settings& settings) { return settings.upstreams.front(); }

  EngineRig rig{settings_of({"main"})};
};

ports::Script slow_hello() { return {head(200), event(content("Hello "), 4s), event(stop(), 4s), end()}; }

TEST_F(Reloading, NewRequestsGoByTheNewRoutesAndThoseUnderWayEndByTheirOwn) {
  rig.client.expect("main", slow_hello());
  rig.client.expect("new", hello());
  const auto old = rig.begin(ask(true));
  rig.loop.run_for(1s);
  adopt(settings_of({"new"}));
  const auto fresh = rig.begin(ask(true));
  rig.loop.run();
  EXPECT_EQ(old->reply.headers().get("x-dujiang-served-by"), "main/m");
  EXPECT_THAT(old->reply.body(), ::testing::HasSubstr("[DONE]"));
  EXPECT_EQ(fresh->reply.headers().get("x-dujiang-served-by"), "new/m");
}

TEST_F(Reloading, ARequestThatWaitsForAnUpstreamThatIsGoneIsServedByIt) {
  auto settings = settings_of({"main"});
  upstream(settings).accounts[0].max_concurrent = 1;
  adopt(settings);
  rig.client.expect("main", slow_hello());
  rig.client.expect("main", hello());
  const auto first = rig.begin(ask(true));
  const auto waiting = rig.begin(ask(true));
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.client.seen().size(), 1u);
  adopt(settings_of({"new"}));
  rig.loop.run();
  EXPECT_THAT(first->reply.body(), ::testing::HasSubstr("[DONE]"));
  EXPECT_THAT(waiting->reply.body(), ::testing::HasSubstr("world"));
  EXPECT_EQ(waiting->reply.headers().get("x-dujiang-served-by"), "main/m");
}

TEST_F(Reloading, WhoWaitsIsAdmittedByTheNewLimits) {
  auto settings = settings_of({"main"});
  upstream(settings).accounts[0].max_concurrent = 1;
  adopt(settings);
  rig.client.expect("main", slow_hello());
  const auto first = rig.begin(ask(true));
  const auto second = rig.begin(ask(true));
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.client.open_now(), 1);
  upstream(settings).accounts[0].max_concurrent = 2;
  adopt(settings);
  rig.loop.run_for(1ms);
  EXPECT_EQ(rig.client.open_now(), 2);
}

TEST_F(Reloading, SlotsInUseCountForAnUpstreamThatWentAndCameBack) {
  auto settings = settings_of({"main"});
  upstream(settings).accounts[0].max_concurrent = 1;
  adopt(settings);
  rig.client.expect("main", slow_hello());
  const auto first = rig.begin(ask(true));
  rig.loop.run_for(1s);
  adopt(settings_of({"new"}));
  adopt(settings);
  const auto second = rig.begin(ask(true));
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.client.open_now(), 1);
  rig.loop.run();
  EXPECT_TRUE(second->done);
}

TEST_F(Reloading, ABucketThatIsEmptyIsNotFilledByAReload) {
  auto settings = settings_of({"main"});
  upstream(settings).rate_limit = route::RateLimitSpec{.per_second = 0.1, .burst = 2};
  adopt(settings);
  rig.client.expect("main", hello());
  rig.call(ask(true));
  rig.call(ask(true));
  upstream(settings).rate_limit = route::RateLimitSpec{.per_second = 0.1, .burst = 10};
  const base::TimePoint reloaded = rig.loop.now();
  adopt(settings);
  rig.call(ask(true));
  EXPECT_GE(rig.client.seen().back()->at - reloaded, 8s);
}

TEST_F(Reloading, TheBudgetOfPaidRepeatsGoesOn) {
  rig.client.expect("main", hello());
  for (int i = 0; i < 10; ++i) rig.call(ask(true));
  rig.gateway.measure();
  const double before = rig.metrics.value(Metric::retry_budget_balance, {"main"});
  adopt(settings_of({"main"}));
  rig.gateway.measure();
  EXPECT_GT(before, 1);
  EXPECT_EQ(rig.metrics.value(Metric::retry_budget_balance, {"main"}), before);
}

TEST_F(Reloading, AnAccountThatIsOutOfUseStaysSoUntilItsKeyIsAnother) {
  rig.client.expect("main", refusal(401, R"({"error":{"message":"Authentication Fails"}})"));
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(true))->reply.status(), 401);
  auto settings = settings_of({"main"});
  upstream(settings).queue_limit = 7;
  adopt(settings);
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 401);
  EXPECT_EQ(rig.client.seen().size(), 1u) << "nothing is sent with a key that was refused";
  upstream(settings).accounts[0].keys = {route::Secret("sk-renewed")};
  adopt(settings);
  EXPECT_EQ(rig.call(ask(true))->reply.status(), 200);
  EXPECT_THAT(keys_seen(), ::testing::ElementsAre("main:Bearer sk-of-main", "main:Bearer sk-renewed"));
}

TEST_F(Reloading, WhoWaitsOutABackoffIsSentWithTheNewKeyToTheNewEndpoint) {
  rig.client.expect("main", busy());
  rig.client.expect("main", hello());
  const auto call = rig.begin(ask(true));
  rig.loop.run_for(100ms);
  ASSERT_EQ(rig.client.seen().size(), 1u);
  auto settings = settings_of({"main"});
  upstream(settings).accounts[0].keys = {route::Secret("sk-renewed")};
  adopt(settings);
  rig.loop.run();
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_THAT(keys_seen(), ::testing::ElementsAre("main:Bearer sk-of-main", "main:Bearer sk-renewed"));
  const auto& seen = rig.client.seen();
  EXPECT_NE(seen[0]->as_configured, seen[1]->as_configured);
  EXPECT_EQ(seen[1]->as_configured->accounts[0].keys[0].reveal(), "sk-renewed");
}

TEST_F(Reloading, AKeyGoesOnlyWhereItWasMeantToGo) {
  auto settings = settings_of({"main"});
  upstream(settings).accounts[0].max_concurrent = 1;
  adopt(settings);
  rig.client.expect("main", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(rig.begin(ask(i % 2 == 0)));
  for (int i = 0; i < 40; ++i) {
    rig.loop.run_for(std::chrono::milliseconds(170 * (i % 3)));
    upstream(settings).endpoints[0].url = "http://endpoint-" + std::to_string(i);
    upstream(settings).accounts[0].keys = {route::Secret("sk-of-endpoint-" + std::to_string(i))};
    adopt(settings);
  }
  rig.loop.run();
  for (const auto& call : calls) EXPECT_EQ(call->reply.status(), 200);
  for (const auto& seen : rig.client.seen()) {
    EXPECT_EQ(seen->headers.get("authorization"),
              "Bearer " + seen->as_configured->accounts[0].keys[0].reveal());
  }
}

TEST_F(Reloading, TheMemoryForRetriesHasItsNewSize) {
  rig.client.expect("main", busy());
  rig.client.expect("main", hello());
  auto settings = settings_of({"main"});
  settings.retry_memory_bytes = 1;
  adopt(settings);
  EXPECT_EQ(rig.call(ask(true))->reply.status(), 503) << "served once, not retried";
  EXPECT_EQ(rig.client.seen().size(), 1u);
}

TEST_F(Reloading, TheBudgetOfAnUpstreamThatIsGoneIsShownAsNone) {
  rig.gateway.measure();
  EXPECT_GT(rig.metrics.value(Metric::retry_budget_balance, {"main"}), 0);
  adopt(settings_of({"new"}));
  rig.gateway.measure();
  EXPECT_EQ(rig.metrics.value(Metric::retry_budget_balance, {"main"}), 0);
  EXPECT_GT(rig.metrics.value(Metric::retry_budget_balance, {"new"}), 0);
}

}  // namespace
}  // namespace dujiang::testing
