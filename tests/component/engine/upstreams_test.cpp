// Upstreams that do what no catalogue foresees, over real sockets: each is told of clearly, nothing grows
// without bound, and other calls go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sim/answer.hpp"
#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/gzip.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string hi() {
  return event_answer(
      {chunk_of(R"({"role":"assistant","content":"hi"})"), chunk_of("{}", "\"stop\""), "[DONE]"});
}

TEST(HostileUpstream, WhatIsNoAnswerUnderA200IsAnError) {
  struct Case {
    std::string what;
    std::string bytes;
    std::string code;
  };
  const Case cases[] = {
      {"a page of HTML",
       "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 23\r\n\r\n<html>Sign in.</html>\r\n",
       "garbage"},
      {"JSON that is no answer", json_answer(200, R"({"message":"welcome"})"), "garbage"},
      {"JSON of another kind", json_answer(200, "[]"), "garbage"},
      {"an answer without a choice", json_answer(200, R"({"id":"c1","choices":[]})"), "garbage"},
      {"a stream without an event", event_answer({}), "empty_body"},
      {"a stream of something else", event_answer({"hello", "world"}), "malformed_event"},
      {"a finish that nobody knows", event_answer({chunk_of("{}", "\"dunno\""), "[DONE]"}), "upstream_error"},
      {"a compressed body that is broken",
       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: "
       "4\r\n\r\nnope",
       "garbage"},
      {"a coding that nobody knows",
       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: zstd\r\nContent-Length: "
       "4\r\n\r\nnope",
       "garbage"},
      {"two lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nnope",
       "garbage"},
  };
  for (const Case& upstream_says : cases) {
    RawUpstream upstream(says(upstream_says.bytes));
    auto settings = settings_for({{.name = "only", .port = upstream.port()}});
    settings.routes[0].retries.max_attempts = 1;
    const GatewayRig gateway(settings);
    for (const bool stream : {true, false}) {
      const Heard heard = gateway.ask({.stream = stream});
      EXPECT_EQ(heard.status(), 502) << upstream_says.what;
      EXPECT_EQ(heard.chat.error_code, upstream_says.code) << upstream_says.what << ": " << heard.http.body;
      EXPECT_FALSE(heard.chat.error_message.empty());
    }
  }
}

TEST(HostileUpstream, AnAnswerInOnePieceInsteadOfAStreamBecomesAStream) {
  RawUpstream upstream(says(json_answer(
      200, R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
           R"("message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})")));
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
  for (const bool stream : {true, false}) {
    const Heard heard = gateway.ask({.stream = stream});
    EXPECT_EQ(heard.chat.problem, "");
    EXPECT_EQ(heard.chat.content, "hi");
    EXPECT_EQ(heard.chat.finish_reason, "stop");
  }
}

TEST(HostileUpstream, AHugeAnswerInOnePieceIsGivenUpAtTheLimit) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.max_whole_answer_bytes = 64u << 10;
  const GatewayRig gateway(settings);
  const Heard heard = gateway.ask({.fault = "huge; after=1000000"});
  EXPECT_EQ(heard.status(), 502);
  EXPECT_EQ(heard.chat.error_code, "too_large");
  EXPECT_THAT(heard.chat.error_message, HasSubstr("memory.whole_answer"));
  EXPECT_EQ(only.await_count("cancelled", 1), 1u);
  EXPECT_EQ(gateway.ask({}).status(), 200);
}

TEST(HostileUpstream, AHugeAnswerInAStreamPassesWhateverTheLimit) {
  constexpr std::size_t kTokens = 20'000;
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.max_whole_answer_bytes = 64u << 10;
  const GatewayRig gateway(settings);
  const Question question{.stream = true, .fault = "huge; after=" + std::to_string(kTokens)};
  const Heard heard = gateway.ask(question);
  sim::AnswerText expected(question.prompt);
  expected.resize(kTokens);
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_TRUE(heard.chat.content == expected.text()) << heard.chat.content.size() << " bytes";
  EXPECT_EQ(heard.chat.finish_reason, "stop");
}

TEST(HostileUpstream, ABombOfZerosIsNotBlownUp) {
  const std::string bomb = compress(std::string(20u << 20, ' '));
  RawUpstream upstream(
      says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
           "Content-Length: " +
           std::to_string(bomb.size()) + "\r\n\r\n" + bomb));
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.routes[0].retries.max_attempts = 1;
  const GatewayRig gateway(settings);
  const Heard heard = gateway.ask({});
  EXPECT_EQ(heard.status(), 502);
  EXPECT_EQ(heard.chat.error_code, "garbage");
}

TEST(HostileUpstream, AnEndlessErrorPageIsReadInPart) {
  RawUpstream upstream([](RawSocket& socket, const HeardRequest&) {
    socket.say("HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n");
    const std::string piece(16u << 10, 'x');
    while (socket.say(piece)) {
    }
    return false;
  });
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.routes[0].retries.max_attempts = 2;
  const GatewayRig gateway(settings);
  const Heard heard = gateway.ask({});
  EXPECT_EQ(heard.status(), 503);
  EXPECT_LT(heard.http.body.size(), 4096u);
  EXPECT_EQ(upstream.heard().size(), 2u);
}

// Endpoints.

TEST(Endpoints, AreTakenInTurn) {
  BusyServer one;
  BusyServer other;
  auto settings = settings_for({{.name = "only", .port = one.port()}});
  settings.upstreams[0].endpoints.push_back({.url = "http://127.0.0.1:" + std::to_string(other.port())});
  const GatewayRig gateway(settings);
  for (int i = 0; i < 6; ++i) ASSERT_EQ(gateway.ask({}).status(), 200);
  EXPECT_EQ(one.count("attempts"), 3u);
  EXPECT_EQ(other.count("attempts"), 3u);
}

TEST(Endpoints, ThatRefuseConnectionsArePassedOverAndNoCallerSeesIt) {
  const ClosedPort closed;
  BusyServer good;
  auto settings = settings_for({{.name = "only", .port = closed.port()}});
  settings.upstreams[0].endpoints.push_back({.url = "http://127.0.0.1:" + std::to_string(good.port())});
  GatewayRig gateway(settings);
  for (int i = 0; i < 4; ++i) {
    const Heard heard = gateway.ask({.stream = i % 2 == 0});
    EXPECT_EQ(heard.status(), 200);
    EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "1");
  }
  EXPECT_EQ(good.count("attempts"), 4u);
}

TEST(Endpoints, ThatRefusedAreProbedAgain) {
  ClosedPort closed;
  BusyServer good;
  auto settings = settings_for({{.name = "only", .port = closed.port()}});
  settings.upstreams[0].endpoints.push_back({.url = "http://127.0.0.1:" + std::to_string(good.port())});
  settings.upstreams[0].probe_interval = 50ms;
  GatewayRig gateway(settings);
  ASSERT_EQ(gateway.ask({}).status(), 200);
  const RawUpstream opened(says(hi()), std::move(closed));
  for (int i = 0; i < 200 && opened.heard().empty(); ++i) {
    ASSERT_EQ(gateway.ask({}).status(), 200);
    gateway.thread().pause(10ms);
  }
  EXPECT_FALSE(opened.heard().empty());
}

TEST(Endpoints, WhereNoneIsReachableTheCallerIsToldOrServedElsewhere) {
  const ClosedPort closed;
  BusyServer second;
  {
    const GatewayRig gateway(settings_for({{.name = "only", .port = closed.port()}}));
    const Heard heard = gateway.ask({.fields = "x-dujiang-deadline-ms: 600\r\n"});
    EXPECT_EQ(heard.status(), 502);
    EXPECT_EQ(heard.chat.error_code, "connect");
    EXPECT_THAT(heard.chat.error_message, HasSubstr("base_url"));
  }
  const GatewayRig gateway(
      settings_for({{.name = "closed", .port = closed.port()}, {.name = "second", .port = second.port()}}));
  const Heard heard = gateway.ask({.stream = true});
  EXPECT_EQ(heard.status(), 200);
  EXPECT_EQ(heard.http.header("x-dujiang-served-by"), "second/deepseek-chat");
}

TEST(Endpoints, ThatDropEveryConnectionAreAFailureOrLeftForAnotherTarget) {
  sim::Options dropping = BusyServer::calm();
  dropping.faults.push_back(sim::parse_directive("16; variant=refused").value());
  BusyServer first(dropping);
  BusyServer second;
  for (const bool stream : {true, false}) {
    {
      const GatewayRig gateway(settings_for({{.name = "only", .port = first.port()}}));
      const Heard heard = gateway.ask({.stream = stream, .fields = "x-dujiang-max-attempts: 2\r\n"});
      EXPECT_THAT(heard.status(), AnyOf(502, 503));
      // As the kernel's clock has it, the reset comes while the connection is made or after it.
      EXPECT_THAT(heard.chat.error_code, AnyOf("connect", "no_endpoint", "reset"));
    }
    const GatewayRig gateway(
        settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}}));
    const Question question{.stream = stream};
    EXPECT_EQ(gateway.ask(question).chat.content, answer_to(question.prompt));
  }
}

TEST(Endpoints, AConnectionThatTheUpstreamClosedMeanwhileIsReplacedUnseen) {
  RawUpstream upstream([](RawSocket& socket, const HeardRequest&) {
    socket.say(hi());
    return false;
  });
  const GatewayRig gateway(settings_for({{.name = "only", .port = upstream.port()}}));
  for (int i = 0; i < 5; ++i) {
    const Heard heard = gateway.ask({.stream = true});
    EXPECT_EQ(heard.chat.content, "hi");
    EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "1");
  }
  EXPECT_EQ(upstream.heard().size(), 5u);
}

// Paths that the gateway does not know.

TEST(Relay, OfUnknownPathsGoesToTheUpstreamThatTheSettingNames) {
  RawUpstream upstream(says(json_answer(201, R"({"files":[]})", "x-vendor: seen\r\n")));
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.relay_unknown_paths_to = "only";
  const GatewayRig gateway(settings);
  const HttpAnswer answer = gateway.call(post("/v1/files", "{}", "Authorization: Bearer caller-key\r\n"));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"({"files":[]})");
  EXPECT_EQ(answer.header("x-vendor"), "seen");
  const HeardRequest sent = upstream.heard().at(0);
  EXPECT_EQ(sent.target, "/v1/files");
  EXPECT_EQ(sent.body, "{}");
  EXPECT_EQ(sent.header("authorization"), "Bearer sk-of-only");
}

TEST(Relay, ThatBreaksIsBrokenForTheCallerToo) {
  RawUpstream upstream([](RawSocket& socket, const HeardRequest&) {
    socket.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    return false;
  });
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.relay_unknown_paths_to = "only";
  const GatewayRig gateway(settings);
  const HttpAnswer answer = gateway.call(get("/v1/files"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.complete);
}

}  // namespace
}  // namespace dujiang::testing
