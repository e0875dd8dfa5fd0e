// Rules 8 and 10 over real sockets: a caller that waits, and a caller that goes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The least that there is.
constexpr route::milliseconds kSignsOfLife = 100ms;

engine::Settings waiting_settings(const BusyServer& only) {
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].keep_alive = kSignsOfLife;
  return settings;
}

// Rule 8.

TEST(Rule8WaitingCaller, OfAStreamGetsCommentsAndTheLateHeadersBeforeDone) {
  BusyServer only;
  const GatewayRig gateway(waiting_settings(only));
  const Question question{.stream = true, .fault = "17; after=400"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_THAT(heard.http.body, StartsWith(": keep-alive\n\n"));
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "(none)");
  EXPECT_THAT(heard.chat.comments, Contains(HasSubstr("x-dujiang-served-by: only/deepseek-chat")));
  EXPECT_THAT(heard.http.body, EndsWith("data: [DONE]\n\n"));
}

TEST(Rule8WaitingCaller, OfAnAnswerInOnePieceGetsBlankLines) {
  BusyServer only;
  const GatewayRig gateway(waiting_settings(only));
  const Question question{.fault = "17; after=400"};
  const Heard heard = gateway.ask(question);
  EXPECT_THAT(heard.http.body, StartsWith("\n"));
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_TRUE(heard.http.complete);
}

TEST(Rule8WaitingCaller, IsKeptAliveWhileItsCallIsRefusedAgainAndAgain) {
  BusyServer only;
  auto settings = waiting_settings(only);
  settings.routes[0].retries.backoff_initial = 100ms;
  settings.routes[0].retries.backoff_cap = 100ms;
  const GatewayRig gateway(settings);
  const Question question{.fault = "7; times=12"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_THAT(heard.http.body, StartsWith("\n"));
}

TEST(Rule8WaitingCaller, WhoseStreamFlowsHearsNothingElse) {
  BusyServer only;
  auto settings = waiting_settings(only);
  settings.routes[0].keep_alive = 1500ms;
  const GatewayRig gateway(settings);
  // For more than two seconds, a token every 20 ms.
  const Heard heard =
      gateway.ask({.prompt = "[[sim-tokens 110]] Flow.", .stream = true, .fault = "29; every=20"});
  EXPECT_EQ(heard.chat.finish_reason, "stop");
  EXPECT_TRUE(heard.chat.comments.empty()) << heard.chat.comments[0];
}

TEST(Rule8WaitingCaller, HearsNothingBeforeItsAnswerWhereItOrTheRouteSaysSo) {
  BusyServer only;
  auto settings = waiting_settings(only);
  const Question question{.fault = "17; after=400"};
  {
    const GatewayRig gateway(settings);
    Question quiet = question;
    quiet.fields = "x-dujiang-keep-alive: off\r\n";
    EXPECT_THAT(gateway.ask(quiet).http.body, StartsWith("{"));
  }
  settings.routes[0].keep_alive.reset();
  const GatewayRig gateway(settings);
  EXPECT_THAT(gateway.ask(question).http.body, StartsWith("{"));
}

TEST(Rule8WaitingCaller, AFailureUnderAnEarly200BreaksTheTransferAndTheSdksRepeatHearsTheTruth) {
  BusyServer only;
  const GatewayRig gateway(waiting_settings(only));
  Question question{.fault = "17; after=forever", .fields = "x-dujiang-deadline-ms: 2000\r\n"};
  const Heard broken = gateway.ask(question);
  EXPECT_EQ(broken.status(), 200);
  EXPECT_FALSE(broken.http.complete);
  EXPECT_EQ(broken.end, RawSocket::End::reset);
  EXPECT_EQ(broken.http.body.find_first_not_of('\n'), std::string::npos);
  const std::uint64_t attempts = only.count("attempts");

  // The repeat is told at once; a stranger's call with another body is not.
  question.fields += "x-stainless-retry-count: 1\r\n";
  const Heard repeat = gateway.ask(question);
  EXPECT_EQ(repeat.status(), 504);
  EXPECT_EQ(repeat.chat.error_code, "timed_out");
  EXPECT_EQ(repeat.http.header("x-should-retry"), "false");
  EXPECT_EQ(only.count("attempts"), attempts);
  const Heard other = gateway.ask({.prompt = "Another question.", .fields = question.fields});
  EXPECT_EQ(other.status(), 200);
}

TEST(Rule8WaitingCaller, AFailureOfAStreamUnderAnEarly200IsAnErrorEvent) {
  BusyServer only;
  const GatewayRig gateway(waiting_settings(only));
  const Heard heard =
      gateway.ask({.stream = true, .fault = "17; after=forever", .fields = "x-dujiang-deadline-ms: 800\r\n"});
  EXPECT_EQ(heard.status(), 200);
  EXPECT_TRUE(heard.http.complete);
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_EQ(heard.chat.errors, 1u);
  EXPECT_EQ(heard.chat.error_code, "timed_out");
  EXPECT_EQ(heard.chat.dones, 0u);
}

// Rule 10. Each upstream call below would last for ever.

struct Leaving {
  std::string_view name;
  std::string fault;
  bool stream;
};

class Rule10HangUp : public ::testing::TestWithParam<Leaving> {};

TEST_P(Rule10HangUp, FreesTheUpstreamsCall) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  RawSocket caller = gateway.connect();
  caller.say(to_http({.stream = GetParam().stream, .fault = GetParam().fault}));
  ASSERT_EQ(only.await_count("accepted", 1), 1u);
  caller.close();
  const ports::AccessLine line = gateway.lines(1).at(0);
  EXPECT_EQ(line.result, "caller_gone");
  EXPECT_EQ(line.attempts.size(), 1u);
  // The simulator notes the end of an attempt when its caller, the gateway, has left.
  EXPECT_EQ(only.await_count("cancelled", 1) + only.count("stalled"), 1u);
  EXPECT_EQ(only.count("slots_held_now"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Caller, Rule10HangUp,
                         ::testing::Values(Leaving{"while_the_head_is_late", "17; after=forever", false},
                                           Leaving{"while_the_call_is_queued", "23; every=10", false},
                                           Leaving{"while_a_stream_is_queued", "23; every=10", true},
                                           Leaving{"while_tokens_drip", "29; every=500", true},
                                           Leaving{"while_tokens_drip_into_one_piece", "29; every=500",
                                                   false}),
                         [](const auto& leaving) { return std::string(leaving.param.name); });

TEST(Rule10HangUp, InTheMiddleOfAStreamFreesTheUpstreamsCall) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  RawSocket caller = gateway.connect();
  caller.say(to_http({.prompt = "[[sim-tokens 1000]] Tell on.", .stream = true, .fault = "29; every=50"}));
  ASSERT_NE(caller.take_until("data: "), "");
  caller.reset();
  EXPECT_EQ(only.await_count("cancelled", 1), 1u);
  EXPECT_EQ(gateway.lines(1).at(0).result, "caller_gone");
}

TEST(Rule10HangUp, WhileItWaitsBetweenAttemptsEndsThem) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].retries.backoff_initial = settings.routes[0].retries.backoff_cap = 20s;
  GatewayRig gateway(settings);
  RawSocket caller = gateway.connect();
  caller.say(to_http({.fault = "7"}));
  ASSERT_GE(only.await_count("refused", 1), 1u);
  caller.close();
  EXPECT_EQ(gateway.lines(1).at(0).result, "caller_gone");
}

}  // namespace
}  // namespace dujiang::testing
