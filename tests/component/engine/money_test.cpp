// Rules 4, 5 and 6 over real sockets: what may be paid twice, one retry loop, and accounts that refuse.
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
using ::testing::Not;

// Rule 4.

TEST(Rule4Money, RefusalsAreFreeAndRepeatedForAsLongAsThereIsTime) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].possibly_billed_share = 0;
  settings.upstreams[0].possibly_billed_reserve = std::chrono::hours(1);
  GatewayRig gateway(settings);
  const Question question{.stream = true,
                          .fault = "7; times=4, 14; times=4, 15; times=4, 5; after=1; times=4"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "17");
  const auto attempts = gateway.lines(1).at(0).attempts;
  for (std::size_t i = 0; i + 1 < attempts.size(); ++i) EXPECT_EQ(attempts[i].billing, "refused");
  EXPECT_THAT(gateway.metrics(), Not(HasSubstr("dujiang_possibly_billed_total{")));
}

TEST(Rule4Money, WhatMayBePaidTwiceIsRepeatedTwicePerRequest) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard heard = gateway.ask({.fault = "16"});
  EXPECT_EQ(heard.status(), 502);
  EXPECT_EQ(only.count("attempts"), 3u);
  EXPECT_THAT(gateway.metrics(), HasSubstr("dujiang_possibly_billed_total{upstream=\"only\"} 3"));
}

TEST(Rule4Money, WhatMayBePaidTwiceHasABudgetPerUpstream) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].possibly_billed_share = 0;
  settings.upstreams[0].possibly_billed_reserve = std::chrono::hours(1);
  const GatewayRig gateway(settings);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(gateway.ask({.prompt = std::to_string(i), .fault = "16"}).status(), 502);
  }
  EXPECT_EQ(only.count("attempts"), 5u);  // one repeat on the reserve
}

TEST(Rule4Money, TheCallerCanForbidRepeats) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  // Not even a connection that was kept, and breaks as the request goes out, is a reason to send it again.
  EXPECT_EQ(gateway.ask({}).status(), 200);
  for (const std::string fault : {"16", "7", "20; after=3"}) {
    const std::uint64_t before = only.count("attempts");
    EXPECT_GE(gateway.ask({.fault = fault, .fields = "x-dujiang-max-attempts: 1\r\n"}).status(), 500);
    EXPECT_EQ(only.count("attempts"), before + 1) << fault;
  }
}

TEST(Rule4Money, TokensThatWereNotDeliveredAreCounted) {
  BusyServer only;
  GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  EXPECT_EQ(gateway.ask({.fault = "20; after=3; times=1"}).status(), 200);
  EXPECT_EQ(gateway.lines(1).at(0).attempts.at(0).billing, "possibly_billed");
  EXPECT_THAT(gateway.metrics(), HasSubstr("dujiang_undelivered_tokens_total{upstream=\"only\"} 3"));
}

// Rule 5.

TEST(Rule5OneRetryLoop, TheSdkIsToldNotToStartAnother) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].retries.max_attempts = 2;
  const GatewayRig gateway(settings);
  for (const std::string fault : {"7", "10", "12", "14", "16"}) {
    EXPECT_EQ(gateway.ask({.fault = fault}).http.header("x-should-retry"), "false") << fault;
  }
}

TEST(Rule5OneRetryLoop, ARetryAfterOfTheUpstreamIsObeyedAndNeverPassedOnBeyondAMinute) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Heard heard = gateway.ask({.fault = "7; retry_after=3600"});
  EXPECT_EQ(heard.status(), 503);
  EXPECT_EQ(heard.http.header("retry-after"), "60");
  EXPECT_EQ(only.count("attempts"), 1u);
}

// Rule 6.

TEST(Rule6Accounts, WhatTheRequestOrItsAccountIsToBlameForIsSentThereOnce) {
  struct Case {
    std::string body;
    int status;
  };
  for (const auto& [message, status] : std::initializer_list<Case>{{"Invalid request", 400},
                                                                   {"Authentication Fails", 401},
                                                                   {"Insufficient Balance", 402},
                                                                   {"You may not do this", 403},
                                                                   {"No such path", 404},
                                                                   {"Invalid parameters", 422}}) {
    RawUpstream upstream(says(json_answer(status, R"({"error":{"message":")" + message + R"("}})")));
    const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
    const Heard heard = gateway.ask({});
    EXPECT_EQ(heard.status(), status);
    EXPECT_THAT(heard.chat.error_message, HasSubstr(message));
    EXPECT_EQ(upstream.heard().size(), 1u) << status;
  }
}

TEST(Rule6Accounts, ARefusedKeyIsPassedOverForTheNextOfItsAccount) {
  RawUpstream upstream([](RawSocket& socket, const HeardRequest& request) {
    if (request.header("authorization") == "Bearer sk-bad") {
      return socket.say(json_answer(401, R"({"error":{"message":"Authentication Fails"}})"));
    }
    return socket.say(event_answer({chunk_of(R"({"content":"hi"})"), chunk_of("{}", "\"stop\""), "[DONE]"}));
  });
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.upstreams[0].accounts[0].keys = {route::Secret("sk-bad"), route::Secret("sk-good")};
  const GatewayRig gateway(settings);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.ask({}).chat.content, "hi");
  EXPECT_LE(upstream.heard().size(), 4u);
}

TEST(Rule6Accounts, AnEmptyBalanceTakesTheAccountOutForLong) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  EXPECT_EQ(gateway.ask({.fault = "11"}).status(), 402);
  const Heard next = gateway.ask({});
  EXPECT_EQ(next.status(), 402);
  EXPECT_THAT(next.chat.error_message, HasSubstr("balance"));
  EXPECT_EQ(only.count("attempts"), 1u);
}

TEST(Rule6Accounts, ALimitThatFollowsFromTheBalanceIsTransient) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Question question{.fault = "8; limit=25; times=2"};
  const Heard heard = gateway.ask(question);
  EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "3");
}

}  // namespace
}  // namespace dujiang::testing
