// Rules 2, 3 and 12 over real sockets: what is an answer, what is committed, and whose usage it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr route::milliseconds kShort = 1500ms;

constexpr std::string_view kTools =
    R"(,"tools":[{"type":"function","function":{"name":"look_up","parameters":{"type":"object",)"
    R"("properties":{"place":{"type":"string"}}}}}])";

// Rule 2.

TEST(Rule2Success, ALengthAToolCallAndAFilteredAnswerAreAnswersWithWhateverContent) {
  for (const std::string reason : {"length", "tool_calls", "content_filter"}) {
    RawUpstream upstream(says(event_answer(
        {chunk_of(R"({"role":"assistant","content":""})"), chunk_of("{}", '"' + reason + '"'), "[DONE]"})));
    const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
    for (const bool stream : {true, false}) {
      const Heard heard = gateway.ask({.stream = stream});
      EXPECT_EQ(heard.status(), 200) << heard.http.body;
      EXPECT_EQ(heard.chat.finish_reason, reason);
      EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "1");
    }
  }
}

TEST(Rule2Success, AToolCallArrivesWholeInEitherForm) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const bool stream : {true, false}) {
    const Heard heard = gateway.ask({.prompt = "Please use the tool.",
                                     .stream = stream,
                                     .more = std::string(kTools),
                                     .fault = "7; times=1"});
    EXPECT_EQ(heard.status(), 200) << heard.http.body;
    EXPECT_EQ(heard.chat.problem, "");
    EXPECT_EQ(heard.chat.finish_reason, "tool_calls");
    EXPECT_THAT(heard.http.body, HasSubstr("look_up"));
  }
}

TEST(Rule2Success, AnEmptyStopIsAskedForOnceMoreUnlessOneTokenWasWanted) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const bool stream : {true, false}) {
    EXPECT_EQ(gateway.ask({.prompt = "a", .stream = stream, .fault = "25"}).chat.error_code, "blank");
    EXPECT_EQ(only.count("attempts"), stream ? 2u : 5u);
    const Heard one =
        gateway.ask({.prompt = "b", .stream = stream, .more = R"(,"max_tokens":1)", .fault = "25"});
    EXPECT_EQ(one.chat.finish_reason, "stop");
    EXPECT_EQ(only.count("attempts"), stream ? 3u : 6u);
  }
}

TEST(Rule2Success, AnEmptyStopThatCanNotBeAskedForAgainIsAFailure) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].possibly_billed_share = 0;
  settings.upstreams[0].possibly_billed_reserve = std::chrono::hours(1);
  const GatewayRig gateway(settings);
  // Takes the one repeat that the reserve allows.
  EXPECT_EQ(gateway.ask({.prompt = "a", .fault = "25; times=1"}).status(), 200);
  for (const bool stream : {true, false}) {
    const Heard heard = gateway.ask({.prompt = "b", .stream = stream, .fault = "25"});
    EXPECT_EQ(heard.status(), 502);
    EXPECT_EQ(heard.chat.error_code, "blank");
    const Heard once = gateway.ask(
        {.prompt = "c", .stream = stream, .fault = "25", .fields = "x-dujiang-max-attempts: 1\r\n"});
    EXPECT_EQ(once.chat.error_code, "blank");
  }
}

TEST(Rule2Success, AFinishedStreamThatIsNotClosedIsEndedProperlyForTheCaller) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].clocks.after_finish = kShort;
  GatewayRig gateway(settings);
  const Heard heard = gateway.ask({.stream = true, .fault = "no-done; variant=hang"});
  EXPECT_EQ(heard.chat.finish_reason, "stop");
  EXPECT_EQ(heard.chat.dones, 1u);
  EXPECT_TRUE(heard.http.complete);
  EXPECT_EQ(gateway.lines(1).at(0).result, "ok");
}

TEST(Rule2Success, ACallerWhoHangsUpAfterTheFinishHasCancelledNothing) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  RawSocket caller = gateway.connect();
  caller.say(to_http({.stream = true, .fault = "no-done; variant=hang"}));
  ASSERT_NE(caller.take_until(R"("finish_reason":"stop")"), "");
  caller.reset();
  const ports::AccessLine line = gateway.lines(1).at(0);
  EXPECT_EQ(line.result, "ok");
  EXPECT_EQ(line.attempts.at(0).billing, "delivered");
}

TEST(Rule2Success, ACutStreamIsNeverEndedAsIfItWereWhole) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const std::string fault : {"20; after=3", "24; after=3", "19; after=3; variant=eof", "26; after=3"}) {
    const Heard heard = gateway.ask({.stream = true, .fault = fault});
    EXPECT_EQ(heard.chat.dones, 0u) << fault;
    EXPECT_EQ(heard.chat.errors, 1u) << fault;
    EXPECT_NE(heard.chat.finish_reason, "stop") << fault;
  }
}

// Rule 3.

TEST(Rule3Committed, ContentThatHasGoneOutIsNeverGoneOnWithFromAnotherAttempt) {
  BusyServer first;
  BusyServer second;
  GatewayRig gateway(
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}}));
  const Heard heard = gateway.ask({.stream = true, .fault = "20; after=3"});
  EXPECT_EQ(heard.chat.errors, 1u);
  EXPECT_FALSE(heard.chat.content.empty());
  EXPECT_EQ(first.count("attempts") + second.count("attempts"), 1u);
  EXPECT_EQ(gateway.lines(1).at(0).result, "cut");
}

TEST(Rule3Committed, AToolCallCommitsAsContentDoes) {
  RawUpstream upstream(says(event_answer({chunk_of(
      R"({"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":"{"}}]})")})));
  BusyServer second;
  const GatewayRig gateway(
      settings_for({{.name = "first", .port = upstream.port()}, {.name = "second", .port = second.port()}}));
  const Heard heard = gateway.ask({.stream = true});
  EXPECT_EQ(heard.chat.errors, 1u);
  EXPECT_EQ(second.count("attempts"), 0u);
}

TEST(Rule3Committed, ThinkingThatBreaksGoesOnAfterAMarkedSeamAndTheContentIsExact) {
  BusyServer first;
  sim::Options thinking = BusyServer::calm();
  thinking.thinking = true;
  BusyServer second(thinking);
  auto settings =
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
  settings.routes[0].clocks.gap = kShort;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "21; after=3; variant=forever"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_THAT(heard.chat.reasoning, ::testing::EndsWith(thought_of(question.prompt)));
  EXPECT_GT(heard.chat.reasoning.size(), thought_of(question.prompt).size());
  EXPECT_THAT(heard.chat.comments, Contains(HasSubstr("seam")).Times(1));
}

TEST(Rule3Committed, ThinkingThatTheRouteHoldsBackLeavesNoTraceOfABrokenAttempt) {
  BusyServer first;
  BusyServer second;
  auto settings =
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
  settings.routes[0].clocks.gap = kShort;
  settings.routes[0].thinking = route::Thinking::hold;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "21; after=3; variant=forever"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_EQ(heard.chat.reasoning, "");
  EXPECT_THAT(heard.http.body, Not(HasSubstr("seam")));
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "second/deepseek-chat");
}

// Rule 12.

TEST(Rule12Usage, TheChunkThatTheGatewayAskedForIsShownOnlyToACallerWhoAskedToo) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard quiet = gateway.ask({.stream = true});
  EXPECT_EQ(quiet.chat.choiceless, 0u);
  const Heard asked = gateway.ask({.stream = true, .more = R"(,"stream_options":{"include_usage":true})"});
  EXPECT_EQ(asked.chat.choiceless, 1u);
  EXPECT_TRUE(asked.chat.usage);
  // The gateway has read it for both.
  for (const ports::AccessLine& line : gateway.lines(2)) EXPECT_EQ(line.completion_tokens, 40u);
}

TEST(Rule12Usage, IsAskedForByTheGatewayAndItsChunkIsTakenOut) {
  RawUpstream upstream(says(
      event_answer({chunk_of(R"({"content":"hi"})"), chunk_of("{}", "\"stop\""),
                    R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],)"
                    R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})",
                    "[DONE]"})));
  GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
  const Heard heard = gateway.ask({.stream = true});
  EXPECT_THAT(upstream.heard().at(0).body, HasSubstr(R"("stream_options":{"include_usage":true})"));
  EXPECT_EQ(heard.chat.content, "hi");
  EXPECT_FALSE(heard.chat.usage);
  EXPECT_EQ(gateway.lines(1).at(0).completion_tokens, 2u);
}

TEST(Rule12Usage, AnAnswerPutTogetherFromAStreamHasItsUsage) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard heard = gateway.ask({});
  EXPECT_TRUE(heard.chat.usage);
  EXPECT_THAT(heard.http.body, HasSubstr(R"("completion_tokens":40)"));
}

}  // namespace
}  // namespace dujiang::testing
