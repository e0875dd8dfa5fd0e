// Rules 11 and 13 over real sockets: which headers cross, and how dialects are brought into one form.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string hi(std::string_view fields = {}) {
  return event_answer(
      {chunk_of(R"({"role":"assistant","content":"hi"})"), chunk_of("{}", "\"stop\""), "[DONE]"}, fields);
}

constexpr std::string_view kBusy503 = R"({"error":{"message":"Service is too busy."}})";

// Rule 11.

TEST(Rule11Headers, CredentialsAndTheGatewaysOwnFieldsNeverCrossToTheUpstream) {
  RawUpstream upstream(says(hi()));
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
  const Heard heard = gateway.ask({.fields = "Authorization: Bearer caller-key\r\n"
                                             "x-api-key: caller-key\r\n"
                                             "Cookie: session=1\r\n"
                                             "OpenAI-Organization: org\r\n"
                                             "OpenAI-Project: project\r\n"
                                             "x-dujiang-deadline-ms: 10000\r\n"
                                             "X-Forwarded-For: 10.0.0.1\r\n"
                                             "Accept-Encoding: gzip, br\r\n"
                                             "Connection: x-hop, keep-alive\r\n"
                                             "x-hop: 1\r\n"
                                             "x-custom: kept\r\n"
                                             "User-Agent: OpenAI/Python 2.0\r\n"});
  ASSERT_EQ(heard.status(), 200);
  const HeardRequest sent = upstream.heard().at(0);
  EXPECT_EQ(sent.header("authorization"), "Bearer sk-of-only");
  EXPECT_EQ(sent.headers.count("authorization"), 1u);
  for (const std::string_view name : {"x-api-key", "cookie", "openai-organization", "openai-project",
                                      "x-dujiang-deadline-ms", "x-forwarded-for", "x-hop"}) {
    EXPECT_EQ(sent.header(name), "(none)") << name;
  }
  EXPECT_EQ(sent.header("accept-encoding"), "identity");
  EXPECT_EQ(sent.header("x-custom"), "kept");
  EXPECT_EQ(sent.header("user-agent"), "OpenAI/Python 2.0");
  EXPECT_EQ(sent.header("host"), "127.0.0.1:" + std::to_string(upstream.port()));
  EXPECT_EQ(sent.header("content-length"), std::to_string(sent.body.size()));
}

TEST(Rule11Headers, GoToAnotherVendorOnlyWhereItsTargetListsThem) {
  RawUpstream addressed(says(json_answer(503, kBusy503)));
  RawUpstream other(says(hi()));
  auto settings = settings_for(
      {{.name = "addressed", .port = addressed.port()}, {.name = "other", .port = other.port()}});
  settings.routes[0].targets[1].forward_headers = {"X-Listed"};
  const GatewayRig gateway(settings);
  ASSERT_EQ(gateway.ask({.fields = "x-listed: 1\r\nx-private: 2\r\n"}).status(), 200);
  EXPECT_EQ(addressed.heard().at(0).header("x-private"), "2");
  EXPECT_EQ(other.heard().at(0).header("x-private"), "(none)");
  EXPECT_EQ(other.heard().at(0).header("x-listed"), "1");
  EXPECT_EQ(other.heard().at(0).header("authorization"), "Bearer sk-of-other");
}

TEST(Rule11Headers, TheCallersKeyIsPassedThroughOnlyWhereTheUpstreamIsToldTo) {
  RawUpstream upstream(says(hi()));
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.upstreams[0].accounts[0].keys.clear();
  const Question question{.fields = "Authorization: Bearer caller-key\r\n"};
  {
    const GatewayRig gateway(settings);
    ASSERT_EQ(gateway.ask(question).status(), 200);
  }
  settings.upstreams[0].pass_through_key = true;
  const GatewayRig gateway(settings);
  ASSERT_EQ(gateway.ask(question).status(), 200);
  EXPECT_EQ(upstream.heard().at(0).header("authorization"), "(none)");
  EXPECT_EQ(upstream.heard().at(1).header("authorization"), "Bearer caller-key");
}

TEST(Rule11Headers, OfTheUpstreamAreShownButForItsCookiesAndWhatIsTrueOfItsConnection) {
  RawUpstream upstream(
      says(hi("Server: openresty\r\n"
              "x-ds-trace-id: 0123\r\n"
              "Set-Cookie: a=b\r\n"
              "openai-organization: org\r\n"
              "Strict-Transport-Security: max-age=1\r\n"
              "x-dujiang-served-by: a lie\r\n"
              "Access-Control-Allow-Origin: *\r\n"
              "x-vendor: seen\r\n")));
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
  for (const bool stream : {true, false}) {
    const HttpAnswer http = gateway.ask({.stream = stream, .fields = "x-request-id: mine-1\r\n"}).http;
    for (const std::string_view name :
         {"set-cookie", "openai-organization", "strict-transport-security", "access-control-allow-origin"}) {
      EXPECT_EQ(http.header(name), "(none)") << name;
    }
    EXPECT_NE(http.header("server"), "openresty");
    EXPECT_EQ(http.header("x-vendor"), "seen");
    EXPECT_EQ(http.header("x-request-id"), "mine-1");
    EXPECT_EQ(http.header("x-dujiang-upstream-request-id"), "0123");
    EXPECT_EQ(http.header("x-dujiang-served-by"), "only/deepseek-chat");
    EXPECT_EQ(http.headers.count("x-dujiang-served-by"), 1u);
    EXPECT_EQ(http.header("x-dujiang-attempts"), "1");
  }
}

TEST(Rule11Headers, ACompressedAnswerThatNobodyAskedForIsDecoded) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const bool stream : {true, false}) {
    const Question question{.stream = stream, .fault = "gzip", .fields = "Accept-Encoding: gzip\r\n"};
    const Heard heard = gateway.ask(question);
    EXPECT_EQ(heard.http.header("content-encoding"), "(none)");
    EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  }
}

// Rule 13.

struct BusyShape {
  std::string dialect;
  std::string_view words;
};

class Rule13Dialect : public ::testing::TestWithParam<BusyShape> {};

TEST_P(Rule13Dialect, ItsWayToSayThatItIsBusyIsRepeatedAndToldAsOneEnvelope) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port(), .dialect = GetParam().dialect}});
  settings.routes[0].retries.max_attempts = 2;
  const GatewayRig gateway(settings);
  for (const bool stream : {true, false}) {
    Question question{.stream = stream, .fault = "30; variant=" + GetParam().dialect};
    const Heard refused = gateway.ask(question);
    EXPECT_EQ(refused.status(), 503);
    EXPECT_EQ(refused.chat.error_code, "busy");
    EXPECT_EQ(refused.chat.error_type, "service_unavailable_error");
    EXPECT_THAT(refused.chat.error_message, HasSubstr(GetParam().words));
    question.fault += "; times=1";
    question.prompt += "?";
    const Heard repeated = gateway.ask(question);
    EXPECT_EQ(repeated.chat.content, answer_to(question.prompt)) << repeated.http.body;
  }
}

INSTANTIATE_TEST_SUITE_P(Busy, Rule13Dialect,
                         ::testing::Values(BusyShape{"siliconflow", "System is too busy now"},
                                           BusyShape{"ollama", "maximum pending requests exceeded"},
                                           BusyShape{"llamacpp", "Loading model"},
                                           BusyShape{"openrouter", "Provider returned error"}),
                         [](const auto& shape) { return shape.param.dialect; });

TEST(Rule13Dialects, ThinkingUnderAnotherNameArrivesAsReasoningContent) {
  RawUpstream upstream(
      says(event_answer({chunk_of(R"({"role":"assistant","reasoning":"Let me see."})"),
                         chunk_of(R"({"content":"hi"})"), chunk_of("{}", "\"stop\""), "[DONE]"})));
  const GatewayRig gateway(
      settings_for({{.name = "only", .port = upstream.port(), .dialect = "openrouter"}}));
  for (const bool stream : {true, false}) {
    const Heard heard = gateway.ask({.stream = stream});
    EXPECT_EQ(heard.chat.reasoning, "Let me see.");
    EXPECT_EQ(heard.chat.content, "hi");
  }
}

TEST(Rule13Dialects, ThinkingWithinTheContentArrivesAsReasoningContent) {
  RawUpstream upstream(says(event_answer(
      {chunk_of(R"({"role":"assistant","content":"<thi"})"), chunk_of(R"({"content":"nk>Hm.</th"})"),
       chunk_of(R"({"content":"ink>hi"})"), chunk_of("{}", "\"stop\""), "[DONE]"})));
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port(), .dialect = "llamacpp"}}));
  const Heard heard = gateway.ask({.stream = true});
  EXPECT_EQ(heard.chat.reasoning, "Hm.");
  EXPECT_EQ(heard.chat.content, "hi");
}

TEST(Rule13Dialects, UnknownFieldsReachTheVendorAddressedAndAnotherGetsWhatItKnows) {
  RawUpstream addressed(says(json_answer(503, kBusy503)));
  RawUpstream other(says(hi()));
  const GatewayRig gateway(settings_for({{.name = "addressed", .port = addressed.port()},
                                         {.name = "other", .port = other.port(), .dialect = "openai"}}));
  ASSERT_EQ(
      gateway.ask({.stream = true, .more = R"(,"thinking":{"type":"enabled"},"brand_new":[1, 2])"}).status(),
      200);
  EXPECT_THAT(addressed.heard().at(0).body, HasSubstr(R"("thinking":{"type":"enabled"},"brand_new":[1, 2])"));
  EXPECT_THAT(other.heard().at(0).body, Not(HasSubstr("thinking")));
  EXPECT_THAT(other.heard().at(0).body, HasSubstr("brand_new"));
}

TEST(Rule13Dialects, TheModelInAnAnswerSaysWhoAnswered) {
  BusyServer first;
  BusyServer second;
  auto settings =
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
  settings.routes[0].targets[1].model = "deepseek-flash";
  const GatewayRig gateway(settings);
  for (const bool stream : {true, false}) {
    const Heard heard = gateway.ask({.stream = stream, .fault = "14"});
    EXPECT_EQ(heard.chat.model, "deepseek-flash");
    EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "second/deepseek-flash");
  }
}

TEST(Rule13Dialects, UnknownFieldsOfAnAnswerPassUntouched) {
  RawUpstream upstream(says(json_answer(
      200, R"({"id":"c1","object":"chat.completion","brand_new":{"a":[1,2.50]},"choices":[{"index":0,)"
           R"("message":{"role":"assistant","content":"hi","mood":"calm"},"finish_reason":"stop"}]})")));
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.upstreams[0].unstreamed = route::Unstreamed::as_is;
  const GatewayRig gateway(settings);
  const Heard heard = gateway.ask({});
  EXPECT_THAT(heard.http.body, HasSubstr(R"("brand_new":{"a":[1,2.50]})"));
  EXPECT_THAT(heard.http.body, HasSubstr(R"("mood":"calm")"));
}

}  // namespace
}  // namespace dujiang::testing
