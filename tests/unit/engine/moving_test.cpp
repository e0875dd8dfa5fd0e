// When a request goes to another account or target, and when it had better stay: on the whole engine, in
// simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::EndsWith;

ports::Script wrong_key() {
  return refusal(401, R"({"error":{"message":"Authentication Fails, Your api key: ****here is invalid",)"
                      R"("type":"authentication_error","param":null,"code":"invalid_request_error"}})");
}

ports::Script no_such_model() {
  return refusal(400, R"({"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,)"
                      R"("code":"invalid_request_error"}})");
}

// Queued for `seconds`, with a keep-alive each second, and then the answer.
ports::Script hello_after(int seconds) {
  ports::Script script{head(200)};
  for (int i = 0; i < seconds; ++i) script.push_back(bytes(": keep-alive\n\n", 1s));
  for (const ports::ScriptStep& step : hello()) {
    if (step.kind != Kind::head) script.push_back(step);
  }
  return script;
}

TEST(Accounts, TheCallersOwnWrongKeyIsTriedOnceAndLeavesTheNextCallerAlone) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts.clear();
  settings.upstreams[0].pass_through_key = true;
  EngineRig rig(settings);
  rig.client.expect("main", wrong_key());
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false), {{"Authorization", "Bearer wrong"}})->reply.status(), 401);
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(rig.call(ask(false), {{"Authorization", "Bearer right"}})->reply.status(), 200);
}

TEST(Accounts, AfterAWrongKeyTheNextKeyOfTheSameAccountIsTriedAtOnce) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].accounts[0].keys.emplace_back("sk-second");
  EngineRig rig(settings);
  rig.client.expect("main", wrong_key());
  rig.client.expect("main", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  EXPECT_EQ(rig.client.seen().at(1)->headers.get("authorization"), "Bearer sk-second");
}

TEST(Accounts, AModelThatIsNotThereIsAskedForOncePerTarget) {
  EngineRig rig(settings_of({"one", "two"}));
  rig.client.expect("one", no_such_model());
  rig.client.expect("two", no_such_model());
  rig.call(ask(false));
  EXPECT_EQ(rig.client.seen().size(), 2u);
}

TEST(Moving, WhenTheBudgetLetsOnlyAFewMoveTheOthersKeepTheirPlaceInTheQueueUpstream) {
  EngineRig rig(settings_of({"slow", "other"}));
  rig.client.expect("slow", hello_after(15));
  rig.client.expect("other", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  calls.reserve(20);
  for (int i = 0; i < 20; ++i) calls.push_back(rig.begin(ask(true)));
  rig.loop.run();
  for (const auto& call : calls) EXPECT_THAT(call->reply.body(), EndsWith("data: [DONE]\n\n"));
  // The reserve of the other upstream lets one move, and there is no share: it had no requests of its own.
  EXPECT_EQ(rig.client.seen().size(), 21u);
}

}  // namespace
}  // namespace dujiang::testing
