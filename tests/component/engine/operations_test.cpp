// Every operation that callers may ask for, through the whole gateway and past a busy upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/json_same.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kBusyTwice = "x-sim-fault: 7; times=2\r\n";

std::string from(const BusyServer& server, const std::string& request) {
  RawSocket socket(server.port());
  socket.say(request);
  return hear_answer(socket).body;
}

class Operations : public ::testing::Test {
 protected:
  BusyServer upstream_;
  GatewayRig gateway_{settings_for({{.name = "only", .port = upstream_.port()}})};
};

TEST_F(Operations, ChatIsServedUnderEachOfItsPaths) {
  for (const std::string_view path :
       {"/v1/chat/completions", "/chat/completions", "/beta/chat/completions"}) {
    const Question question{.prompt = "[[sim-tokens 9]] " + std::string(path), .fault = "7; times=2"};
    const HttpAnswer answer = gateway_.call(to_http(question, path));
    EXPECT_EQ(read_whole(answer.body).content, answer_to(question.prompt)) << path;
    EXPECT_EQ(answer.header("x-dujiang-attempts"), "3") << path;
  }
}

TEST_F(Operations, APrefixIsGoneOnFromInEitherForm) {
  const std::string prompt = "[[sim-tokens 30]] Continue.";
  const std::string whole = answer_to(prompt);
  const std::string begun = whole.substr(0, 20);
  const std::string messages = R"("messages":[{"role":"user","content":")" + prompt +
                               R"("},{"role":"assistant","content":")" + begun + R"(","prefix":true}])";
  for (const bool stream : {true, false}) {
    std::string body = R"({"model":"deepseek-chat","stream":)";
    body.append(stream ? "true," : "false,").append(messages).append("}");
    const HttpAnswer answer = gateway_.call(post("/beta/chat/completions", body, kBusyTwice));
    const ChatAnswer chat = stream ? read_stream(answer.body) : read_whole(answer.body);
    EXPECT_EQ(chat.problem, "");
    EXPECT_EQ(begun + chat.content, whole);
  }
}

TEST_F(Operations, CompletionsAreServedInEitherForm) {
  for (const std::string_view path : {"/v1/completions", "/completions", "/beta/completions"}) {
    for (const bool stream : {true, false}) {
      const std::string body =
          std::string(
              R"({"model":"deepseek-chat","prompt":"[[sim-tokens 9]] def f","suffix":"return","stream":)") +
          (stream ? "true" : "false") + "}";
      const HttpAnswer answer = gateway_.call(post(path, body, kBusyTwice));
      ASSERT_EQ(answer.status, 200) << path << answer.body;
      const ChatAnswer chat = stream ? read_stream(answer.body) : read_whole(answer.body);
      EXPECT_EQ(chat.problem, "");
      EXPECT_EQ(chat.content, answer_to("[[sim-tokens 9]] def freturn")) << path;
    }
  }
}

TEST_F(Operations, EmbeddingsArriveAsTheUpstreamGaveThem) {
  const std::string body = R"({"model":"deepseek-chat","input":["one","two"],"dimensions":8})";
  const HttpAnswer answer = gateway_.call(post("/v1/embeddings", body, kBusyTwice));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("x-dujiang-attempts"), "3");
  EXPECT_SAME_JSON(answer.body, from(upstream_, post("/v1/embeddings", body)));
}

TEST_F(Operations, AreRefusedWhereNoUpstreamOffersThem) {
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream_.port(), .dialect = "openai"}}));
  const HttpAnswer answer = gateway.call(to_http({}, "/beta/chat/completions"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(read_whole(answer.body).error_code, "unsupported");
  EXPECT_THAT(read_whole(answer.body).error_message, HasSubstr("/beta/chat/completions"));
}

TEST_F(Operations, ModelsAreTheUnionOfWhatTheRoutesOffer) {
  auto settings = settings_for({{.name = "only", .port = upstream_.port()}});
  route::RouteSpec named = settings.routes[0];
  named.name = named.match = "house-model";
  settings.routes.push_back(named);
  const GatewayRig gateway(settings);
  for (const std::string_view path : {"/v1/models", "/models"}) {
    const HttpAnswer answer = gateway.call(get(path));
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("\"house-model\""));
    for (const std::string& model : sim::default_models()) {
      EXPECT_THAT(answer.body, HasSubstr('"' + model + '"'));
    }
  }
  EXPECT_EQ(gateway.call(get("/v1/models/house-model")).status, 200);
  EXPECT_EQ(gateway.call(get("/v1/models/deepseek-chat")).status, 200);
}

TEST_F(Operations, TheBalanceIsTheUpstreams) {
  const HttpAnswer answer = gateway_.call(get("/user/balance"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, from(upstream_, get("/user/balance")));
}

TEST_F(Operations, TheGatewaySpeaksForItselfWhateverItsUpstreamDoes) {
  const GatewayRig lonely(settings_for({{.name = "only", .port = 1}}));
  for (const std::string_view path : {"/healthz", "/readyz", "/metrics"}) {
    const HttpAnswer answer = lonely.call(get(path, "x-request-id: mine\r\n"));
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("x-request-id"), "mine") << path;
  }
}

}  // namespace
}  // namespace dujiang::testing
