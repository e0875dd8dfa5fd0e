// What a good day looks like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "component/sim/fixture.hpp"
#include "sim/answer.hpp"
#include "sim/draws.hpp"

namespace dujiang::sim {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class Service : public SimTest {};

TEST_F(Service, StreamsTheAnswer) {
  start();
  const Reply reply = chat("What is a levee?", true);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.end, End::complete);
  EXPECT_TRUE(reply.has_field("Content-Type: text/event-stream\r\n"));
  const Streamed answer = streamed(reply.body);
  EXPECT_EQ(answer.content, AnswerText("What is a levee?").text());
  EXPECT_EQ(answer.finish_reason, "stop");
  EXPECT_EQ(answer.dones, 1u);
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(events(reply.body).front(), HasSubstr(R"("delta":{"role":"assistant","content":""})"));
}

TEST_F(Service, AnswersWhole) {
  start();
  const Reply reply = chat("What is a levee?", false);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has_field("Content-Type: application/json\r\n"));
  EXPECT_TRUE(reply.has_field("x-ds-trace-id: "));
  EXPECT_TRUE(reply.has_field("Server: openresty\r\n"));
  EXPECT_EQ(content_of(reply.body), AnswerText("What is a levee?").text());
}

TEST_F(Service, AnswersAlikeWithAndWithoutV1) {
  start();
  EXPECT_EQ(call("/chat/completions", chat_body("Hi", false)).status, 200);
  EXPECT_EQ(get("/models").body, get("/v1/models").body);
}

TEST_F(Service, ServesSeveralCallsOnOneConnectionAndPipelined) {
  start();
  Caller caller(port());
  caller.send(post("/v1/chat/completions", chat_body("First", true)) +
              post("/v1/chat/completions", chat_body("Second", false)));
  EXPECT_EQ(streamed(caller.receive().body).content, AnswerText("First").text());
  EXPECT_EQ(content_of(caller.receive().body), AnswerText("Second").text());
  caller.send(post("/v1/chat/completions", chat_body("Third", false)));
  EXPECT_EQ(content_of(caller.receive().body), AnswerText("Third").text());
}

TEST_F(Service, TakesChunkedBodiesAndExpectations) {
  start();
  const std::string body = chat_body("Hi", false);
  Caller caller(port());
  caller.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(caller.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  caller.send(size + body + "\r\n0\r\n\r\n");
  EXPECT_EQ(content_of(caller.receive().body), AnswerText("Hi").text());
}

TEST_F(Service, ServesHttp10WithoutChunks) {
  start();
  const std::string body = chat_body("Hi", true);
  Caller caller(port());
  caller.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  const Reply reply = caller.receive();
  EXPECT_FALSE(reply.has_field("Transfer-Encoding"));
  EXPECT_EQ(reply.end, End::eof);
  EXPECT_EQ(streamed(reply.body).content, AnswerText("Hi").text());
}

TEST_F(Service, ContinuesAPrefix) {
  start();
  const std::string all = AnswerText("Go on").text();
  const std::string beginning = all.substr(0, all.find(' ', 30));
  const std::string body =
      R"({"model":"deepseek-chat","stream":true,"messages":[{"role":"user","content":"Go on"},)"
      R"({"role":"assistant","prefix":true,"content":)" +
      json::serialize(json::string(beginning)) + "}]}";
  EXPECT_EQ(beginning + streamed(call("/beta/chat/completions", body).body).content, all);
  EXPECT_EQ(call("/v1/chat/completions", body).status, 400);
}

TEST_F(Service, ThinksWhenAsked) {
  start();
  const Streamed answer = streamed(chat("Think", true, R"(,"thinking":{"type":"enabled"})").body);
  EXPECT_EQ(answer.reasoning, AnswerText("Think", Voice::reasoning).text());
  EXPECT_EQ(answer.content, AnswerText("Think").text());
  EXPECT_EQ(streamed(chat("Think", true).body).reasoning, "");
}

TEST_F(Service, CompletesTextOnBeta) {
  start();
  const Reply reply =
      call("/beta/completions", R"({"model":"deepseek-chat","prompt":"def f(","suffix":"end"})");
  const json::value whole = json::parse(reply.body);
  EXPECT_EQ(whole.at("choices").at(0).at("text").as_string(), AnswerText("def f(end").text());
  const Reply stream =
      call("/completions", R"({"model":"deepseek-chat","prompt":"def f(","suffix":"end","stream":true})");
  std::string text;
  for (const std::string& event : events(stream.body)) {
    if (event != "[DONE]") {
      text += json::value_to<std::string>(json::parse(event).at("choices").at(0).at("text"));
    }
  }
  EXPECT_EQ(text, AnswerText("def f(end").text());
}

TEST_F(Service, EmbedsAsAFunctionOfTheInput) {
  start();
  const auto vector = [&](std::string_view input) {
    const Reply reply =
        call("/v1/embeddings", R"({"model":"deepseek-chat","input":")" + std::string(input) + "\"}");
    return json::serialize(json::parse(reply.body).at("data").at(0).at("embedding"));
  };
  EXPECT_EQ(vector("water"), vector("water"));
  EXPECT_NE(vector("water"), vector("fire"));
  const Reply base64 =
      call("/v1/embeddings", R"({"model":"m","input":"water","encoding_format":"base64","dimensions":3})");
  EXPECT_EQ(json::parse(base64.body).at("data").at(0).at("embedding").as_string().size(), 16u);
}

TEST_F(Service, ListsModelsAndBalance) {
  start();
  EXPECT_THAT(get("/v1/models").body, HasSubstr(R"("id":"deepseek-flash")"));
  EXPECT_THAT(get("/models/deepseek-chat").body, HasSubstr(R"("id":"deepseek-chat")"));
  EXPECT_EQ(get("/user/balance").body,
            R"({"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"110.00",)"
            R"("granted_balance":"10.00","topped_up_balance":"100.00"}]})");
}

TEST_F(Service, RefusesAModelThatItDoesNotHave) {
  start();
  const Reply reply =
      call("/v1/chat/completions", R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body,
            R"({"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,)"
            R"("code":"invalid_request_error"}})");
}

TEST_F(Service, RefusesAnInvalidKeyWithItsLastCharacters) {
  start();
  const Reply reply =
      call("/v1/chat/completions", chat_body("Hi", false), "Authorization: Bearer sk-invalid-7788\r\n");
  EXPECT_EQ(reply.status, 401);
  EXPECT_THAT(reply.body, HasSubstr("Your api key: ****7788 is invalid"));
}

TEST_F(Service, RefusesWhatIsNoRequest) {
  start();
  EXPECT_EQ(call("/v1/chat/completions", "{").status, 400);
  EXPECT_EQ(call("/v1/chat/completions", R"({"model":"deepseek-chat"})").status, 422);
  EXPECT_EQ(call("/v1/nothing", "{}").status, 404);
  EXPECT_EQ(chat("[[sim-fault 99]]", false).status, 400);
  EXPECT_EQ(call("/v1/chat/completions", chat_body("Hi", false), "x-sim-fault: 7; after=3\r\n").status, 400);
  Caller caller(port());
  caller.send("NOT HTTP AT ALL\r\n\r\n");
  EXPECT_EQ(caller.receive().status, 400);
  EXPECT_EQ(stat("attempts"), 0u);
}

TEST_F(Service, TakesAKeepAliveIntervalThoughtsAndAnyModelByOption) {
  Options options;
  options.scenario = load_shipped("calm").value();
  options.speed = 1000;
  options.keep_alive = 4;
  options.thinking = true;
  options.models = {"deepseek-ai/DeepSeek-V3"};
  start(std::move(options));
  const Reply reply =
      call("/v1/chat/completions", R"({"model":"deepseek-ai/DeepSeek-V3","stream":true,)"
                                   R"("messages":[{"role":"user","content":"[[sim-fault 1; after=10]]"}]})");
  EXPECT_THAT(reply.body, testing::StartsWith(": keep-alive\n\n: keep-alive\n\ndata: "));
  EXPECT_NE(streamed(reply.body).reasoning, "");
  EXPECT_EQ(chat("Hi", false).status, 400);
}

TEST_F(Service, TellsItsSide) {
  start();
  chat("One [[sim-tokens 10]]", true);
  chat("One [[sim-tokens 10]]", false);
  chat("Two [[sim-fault 7]]", false);
  EXPECT_EQ(stat("attempts"), 3u);
  EXPECT_EQ(stat("accepted"), 2u);
  EXPECT_EQ(stat("done"), 2u);
  EXPECT_EQ(stat("refused"), 1u);
  EXPECT_EQ(stat("slots_held_now"), 0u);
  EXPECT_EQ(stat("slots_held_max"), 1u);
  EXPECT_EQ(stat("tokens_generated"), 20u);
  EXPECT_EQ(stat("tokens_delivered"), 20u);
  EXPECT_EQ(json::parse(get("/sim/stats").body).at("faults"), json::parse(R"({"7":1})"));

  char prompt[17];
  std::snprintf(prompt, sizeof prompt, "%016llx",
                static_cast<unsigned long long>(fnv1a64("One [[sim-tokens 10]]")));
  const std::string log = get("/sim/log?since=1").body;
  EXPECT_THAT(
      log,
      testing::StartsWith(
          R"({"n":2,"prompt":")" + std::string(prompt) +
          R"(","attempt":2,"status":200,"fault":null,"content_tokens":10,"outcome":"done","stream":false})"));
  EXPECT_THAT(
      log, HasSubstr(R"("status":503,"fault":"7","content_tokens":0,"outcome":"refused","stream":false})"));

  EXPECT_EQ(call("/sim/reset", "").status, 200);
  EXPECT_EQ(stat("attempts"), 0u);
  EXPECT_EQ(get("/sim/log").body, "");
}

TEST_F(Service, FreesTheSlotOfACallerWhoHangsUp) {
  start("calm", 1);
  {
    Caller caller(port());
    caller.send(post("/v1/chat/completions", chat_body("Long [[sim-tokens 10000]]", true)));
    caller.receive_until("data: ");
    EXPECT_EQ(stat("slots_held_now"), 1u);
  }
  expect_stat("slots_held_now", 0);
  EXPECT_EQ(stat("cancelled"), 1u);
}

TEST_F(Service, FreesTheSlotOfACallerWhoHangsUpBeforeAnUnstreamedAnswer) {
  start("calm", 1);
  {
    Caller caller(port());
    caller.send(post("/v1/chat/completions", chat_body("Long [[sim-tokens 10000]]", false)));
    expect_stat("slots_held_now", 1);
  }
  expect_stat("slots_held_now", 0);
  EXPECT_EQ(stat("cancelled"), 1u);
}

TEST_F(Service, RefusesMoreCallsThanItHasSlots) {
  Options options;
  options.scenario = parse_scenario("test", "test.yaml", "phases: [{slots: 2}]").value();
  start(std::move(options));
  Caller first(port());
  Caller second(port());
  const std::string request = post("/v1/chat/completions", chat_body("Long [[sim-tokens 10000]]", true));
  first.send(request);
  second.send(request);
  first.receive_until("data: ");
  second.receive_until("data: ");
  const Reply reply = chat("Hi", true);
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.body,
              HasSubstr("Your current concurrency is 3, which exceeds your concurrency limit of 2 based on"));
  EXPECT_EQ(stat("slots_held_max"), 2u);
}

TEST_F(Service, SwitchesScenariosAtOnce) {
  start();
  EXPECT_EQ(call("/sim/scenario", R"({"name":"account-limit","seed":9})").status, 200);
  const json::value stats = json::parse(get("/sim/stats").body);
  EXPECT_EQ(stats.at("scenario").as_string(), "account-limit");
  EXPECT_EQ(stats.at("phase").as_string(), "limited");
  EXPECT_EQ(stats.at("seed"), json::value(9));
  EXPECT_THAT(call("/sim/scenario", R"({"name":"typhoon"})").body, HasSubstr("there are account-limit"));
  EXPECT_EQ(call("/sim/scenario", R"({"speed":2})").status, 400);
  EXPECT_EQ(call("/sim/scenario", R"({"name":"calm","speed":-2})").status, 400);
}

}  // namespace
}  // namespace dujiang::sim
