// Rules 1, 7 and 9 over real sockets: the layered clocks, moving on, and the deadline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A clock that a healthy upstream does not let run out, even on a machine that is busy.
constexpr route::milliseconds kShort = 1500ms;

void expect_good(const Heard& heard, const Question& question) {
  EXPECT_EQ(heard.status(), 200) << heard.http.body;
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_EQ(heard.chat.finish_reason, "stop");
}

engine::Settings two(const BusyServer& first, const BusyServer& second) {
  return settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
}

TEST(Rule1Clocks, KeepAliveCommentsAreNoProgressTowardsTheFirstToken) {
  BusyServer first;
  BusyServer second;
  auto settings = two(first, second);
  settings.routes[0].clocks.first_token = kShort;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "23; every=10"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "second/deepseek-chat");
}

TEST(Rule1Clocks, WhitespaceThatGrowsIsNoProgressTowardsTheFirstToken) {
  BusyServer first;
  BusyServer second;
  auto settings = two(first, second);
  settings.routes[0].clocks.first_token = 400ms;  // before there is so much of it that it is shown
  const GatewayRig gateway(settings);
  for (const bool stream : {true, false}) {
    const Question question{.stream = stream, .fault = "whitespace"};
    const Heard heard = gateway.ask(question);
    expect_good(heard, question);
    EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "second/deepseek-chat");
  }
}

TEST(Rule1Clocks, ReasoningIsProgress) {
  sim::Options thinking = BusyServer::calm();
  thinking.thinking = true;
  BusyServer first(thinking);
  BusyServer second;
  auto settings = two(first, second);
  settings.routes[0].clocks.first_token = kShort;
  settings.routes[0].clocks.gap = kShort;
  const GatewayRig gateway(settings);
  // Thirty tokens of thought come before the first of content.
  const Question question{.prompt = "[[sim-tokens 60]] Think long.", .stream = true, .fault = "29; every=20"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(heard.chat.reasoning, thought_of(question.prompt));
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "first/deepseek-chat");
}

TEST(Rule1Clocks, AnUnstreamedAttemptHasNoTokenClocksAndNoClockOfSilence) {
  BusyServer first;
  BusyServer second;
  auto settings = two(first, second);
  settings.upstreams[0].unstreamed = route::Unstreamed::as_is;
  settings.routes[0].clocks.first_token = 50ms;
  settings.routes[0].clocks.gap = 50ms;
  settings.routes[0].clocks.silence = 50ms;
  const GatewayRig gateway(settings);
  const Question question{.fault = "21; for=500"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "first/deepseek-chat");
}

TEST(Rule1Clocks, AnUpstreamThatConnectsAndSaysNothingIsGivenUp) {
  const ClosedPort mute;
  mute.open();
  BusyServer second;
  auto settings =
      settings_for({{.name = "mute", .port = mute.port()}, {.name = "second", .port = second.port()}});
  settings.routes[0].clocks.first_byte = kShort;
  const GatewayRig gateway(settings);
  for (const bool stream : {true, false}) {
    const Question question{.stream = stream};
    expect_good(gateway.ask(question), question);
  }
}

// Rule 7.

TEST(Rule7Moving, ATargetThatWasLateIsNotTriedAgainByTheSameRequest) {
  BusyServer late;
  sim::Options four_times_busy = BusyServer::calm();
  four_times_busy.faults.push_back(sim::parse_directive("7; times=4").value());
  BusyServer busy(four_times_busy);
  auto settings = two(late, busy);
  settings.routes[0].clocks.first_token = kShort;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "23; every=10; times=1"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(late.count("attempts"), 1u);
  EXPECT_EQ(busy.count("attempts"), 5u);
}

TEST(Rule7Moving, AnAttemptThatIsQueuedButAliveKeepsItsPlaceWhereThereIsNoOtherTarget) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].clocks.first_token = 100ms;
  settings.routes[0].clocks.silence = 10s;
  const GatewayRig gateway(settings);
  for (const bool stream : {true, false}) {
    const Question question{.stream = stream, .fault = "1; after=600; every=20"};
    const Heard heard = gateway.ask(question);
    expect_good(heard, question);
    EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "1");
  }
}

TEST(Rule7Moving, ASilentAttemptIsGivenUpAndMadeAnewWhereThereIsNoOtherTarget) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].clocks.silence = kShort;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "1; after=forever; every=1000000; times=1"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "2");
}

TEST(Rule7Moving, APromptThatIsTooLongGoesToALargerContextAfterOneAttempt) {
  RawUpstream small(says(
      json_answer(400, R"({"error":{"message":"This model's maximum context length is 65536 tokens.","type":)"
                       R"("invalid_request_error","param":null,"code":"context_length_exceeded"}})")));
  BusyServer smaller;
  BusyServer large;
  auto settings = settings_for({{.name = "small", .port = small.port()},
                                {.name = "smaller", .port = smaller.port()},
                                {.name = "large", .port = large.port()}});
  settings.routes[0].targets[0].can.context_tokens = 65536;
  settings.routes[0].targets[1].can.context_tokens = 32768;
  settings.routes[0].targets[2].can.context_tokens = 1'000'000;
  const GatewayRig gateway(settings);
  const Question question{};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "large/deepseek-chat");
  EXPECT_EQ(small.heard().size(), 1u);
  EXPECT_EQ(smaller.count("attempts"), 0u);
}

TEST(Rule7Moving, ARefusalByAContentFilterIsAnAnswerForTheCallerUnlessTheRouteSaysElse) {
  RawUpstream strict(says(json_answer(400, R"({"error":{"message":"Content Exists Risk","type":)"
                                           R"("invalid_request_error","param":null,)"
                                           R"("code":"invalid_request_error"}})")));
  BusyServer second;
  auto settings =
      settings_for({{.name = "strict", .port = strict.port()}, {.name = "second", .port = second.port()}});
  {
    const GatewayRig gateway(settings);
    const Heard heard = gateway.ask({});
    EXPECT_EQ(heard.status(), 400);
    EXPECT_THAT(heard.chat.error_message, StartsWith("Content Exists Risk"));
    EXPECT_EQ(second.count("attempts"), 0u);
  }
  settings.routes[0].fail_over_on_content_filter = true;
  const GatewayRig gateway(settings);
  EXPECT_EQ(gateway.ask({}).http.header("x-dujiang-served-by"), "second/deepseek-chat");
}

TEST(Rule7Moving, WhenAllTargetsFailTheCallerGetsTheFirstCauseAndTheOthersByCode) {
  BusyServer first;
  RawUpstream second(says(json_answer(500, R"({"error":{"message":"oops"}})")));
  auto settings =
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
  settings.routes[0].retries.max_attempts = 3;
  const GatewayRig gateway(settings);
  const Heard heard = gateway.ask({.fault = "7"});
  EXPECT_EQ(heard.status(), 503);
  EXPECT_EQ(heard.chat.error_code, "busy");
  EXPECT_THAT(heard.chat.error_message, HasSubstr("second/deepseek-chat: server_error (1)"));
  EXPECT_THAT(heard.chat.error_message, HasSubstr("first/deepseek-chat: busy (1)"));
}

// Rule 9. Without these headers the calls would wait for the rig's patient clocks.

TEST(Rule9Deadline, ComesFromTheCallersOwnHeaderOrFromWhatItsSdkTells) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const std::string field :
       {"x-dujiang-deadline-ms: 900", "x-stainless-read-timeout: 0.9", "x-stainless-timeout: 0.9"}) {
    const Heard heard = gateway.ask({.fault = "17; after=forever", .fields = field + "\r\n"});
    EXPECT_EQ(heard.status(), 504) << field;
    EXPECT_EQ(heard.chat.error_code, "timed_out") << field;
    EXPECT_EQ(heard.http.header("x-should-retry"), "false");
  }
}

TEST(Rule9Deadline, OfFreeRefusalsIsReachedWithTheCauseOfTheFirst) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard heard = gateway.ask({.fault = "7", .fields = "x-dujiang-deadline-ms: 2000\r\n"});
  EXPECT_EQ(heard.status(), 503);
  EXPECT_EQ(heard.chat.error_code, "busy");
  EXPECT_GT(only.count("attempts"), 2u);
}

TEST(Rule9Deadline, OfAnSdkBoundsTheSilenceOfAStreamAndNotItsLength) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  // The tokens take longer than the SDK's value; while none comes, comments do.
  const Question question{
      .stream = true, .fault = "1; after=3000; every=3400", .fields = "x-stainless-read-timeout: 2\r\n"};
  const Heard heard = gateway.ask(question);
  expect_good(heard, question);
  EXPECT_FALSE(heard.chat.comments.empty());
}

TEST(Rule9Deadline, ThatCannotBeReadIsRefusedWithWhatWouldBeRight) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard heard = gateway.ask({.fields = "x-dujiang-deadline-ms: soon\r\n"});
  EXPECT_EQ(heard.status(), 400);
  EXPECT_EQ(heard.chat.error_param, "x-dujiang-deadline-ms");
  EXPECT_THAT(heard.chat.error_message, HasSubstr("milliseconds"));
  EXPECT_EQ(only.count("attempts"), 0u);
}

}  // namespace
}  // namespace dujiang::testing
