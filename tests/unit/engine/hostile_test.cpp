// What upstreams and callers that mean ill get out of the engine, in simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Rule 3: what the caller has of the content is the beginning of one answer.
TEST(Committed, WhitespaceThatThinkingTookAlongIsNotFollowedByAnotherAnswer) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(thought("a")), event(content("  ")), event(thought("b")),
                             failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_THAT(call->reply.body(), HasSubstr(R"("error":)"));
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("Hello ")));
}

TEST(Committed, WhitespaceThatWasHeldBackIsForgottenWithItsAttempt) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(content("  ")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("other", {head(200), event(thought("a")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("main", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 3u);
  EXPECT_THAT(call->reply.body(), HasSubstr("Hello "));
}

TEST(Memory, EventsThatBringNothingAreHeldBackWithinABound) {
  EngineRig rig(settings_of({"main"}));
  ports::Script empty{head(200)};
  constexpr std::size_t kEvents = 4;
  for (std::size_t i = 0; i < kEvents; ++i) {
    empty.push_back(event(R"({"id":"c1","choices":[{"index":0,"delta":{"content":" "}}],"pad":")" +
                          std::string(512u << 10, 'x') + "\"}"));
  }
  empty.push_back(failure(ports::IoFailure::reset, 1s));
  rig.client.expect("main", empty);
  const auto call = rig.call(ask(true));
  ASSERT_FALSE(call->reply.writes().empty());
  const std::string& first = call->reply.writes().front().bytes;
  EXPECT_THAT(first, HasSubstr("pad"));
  EXPECT_LT(first.size(), std::size_t{2} << 20);
}

TEST(Secrets, AnUpstreamThatRepeatsTheKeyDoesNotTellItToTheCaller) {
  for (const std::string status : {"400", "401"}) {
    EngineRig rig(settings_of({"main"}));
    rig.client.expect(
        "main", {head(std::stoi(status)),
                 bytes(R"({"error":{"message":"no: sk-of-main, sk-of-main","type":"sk-of-main","param":)"
                       R"("sk-of-main","code":"sk-of-main"}})"),
                 end()});
    const auto first = rig.call(ask(false));
    EXPECT_EQ(first->reply.status(), std::stoi(status));
    EXPECT_THAT(first->reply.body(), HasSubstr("no: ****, ****"));
    EXPECT_THAT(first->reply.body(), Not(HasSubstr("sk-of-main")));
    EXPECT_THAT(rig.call(ask(false))->reply.body(), Not(HasSubstr("sk-of-main")));
  }
}

TEST(Secrets, ATraceIsNotRelayed) {
  auto settings = settings_of({"main"});
  settings.relay_unknown_paths_to = "main";
  EngineRig rig(settings);
  EXPECT_EQ(rig.call("", {}, "/anything", "TRACE")->reply.status(), 405);
  EXPECT_TRUE(rig.client.seen().empty());
}

}  // namespace
}  // namespace dujiang::testing
