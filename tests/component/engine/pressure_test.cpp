// Callers of every kind, and more of them than an upstream takes, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Callers.

TEST(Caller, OfHttp10IsServedInEitherForm) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  for (const bool stream : {true, false}) {
    const Question question{.stream = stream};
    std::string request = to_http(question);
    request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
    RawSocket socket = gateway.connect();
    socket.say(request);
    const Heard heard = hear_chat(socket, question);
    EXPECT_EQ(heard.http.header("transfer-encoding"), "(none)");
    EXPECT_EQ(heard.chat.problem, "");
    EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
    EXPECT_EQ(heard.chat.dones, stream ? 1u : 0u);
    EXPECT_TRUE(heard.http.complete);
  }
}

TEST(Caller, OfHttp10CanTellThatItsStreamBroke) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const Question question{.stream = true, .fault = "20; after=3"};
  std::string request = to_http(question);
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  RawSocket socket = gateway.connect();
  socket.say(request);
  const Heard heard = hear_chat(socket, question);
  EXPECT_EQ(heard.chat.errors, 1u);
  EXPECT_EQ(heard.chat.dones, 0u);
}

TEST(Caller, WhoPipelinesGetsTheAnswersInOrder) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  std::vector<Question> questions(6);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    // The first is the slowest.
    questions[i] = {.prompt = "[[sim-tokens 20]] Question " + std::to_string(i),
                    .stream = i % 2 == 1,
                    .fault = i == 0 ? "17; after=200" : "7; times=1"};
  }
  RawSocket socket = gateway.connect();
  std::string requests;
  for (const Question& question : questions) requests += to_http(question);
  socket.say(requests);
  for (const Question& question : questions) {
    const Heard heard = hear_chat(socket, question);
    EXPECT_EQ(heard.chat.problem, "");
    EXPECT_EQ(heard.chat.content, answer_to(question.prompt));
  }
}

TEST(Caller, WhoSendsAChunkedBodyOrWaitsFor100ContinueIsServed) {
  BusyServer only;
  const GatewayRig gateway(settings_for({{.name = "only", .port = only.port()}}));
  const std::string body =
      R"({"model":"deepseek-chat","messages":[{"role":"user","content":"[[sim-tokens 9]] Hello"}]})";
  RawSocket socket = gateway.connect();
  std::string chunked =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  for (const char c : body) chunked += "1\r\n" + std::string(1, c) + "\r\n";
  socket.say(chunked + "0\r\n\r\n");
  EXPECT_EQ(hear_answer(socket).status, 200);

  RawSocket patient = gateway.connect();
  patient.say(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(patient.take_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  patient.say(body);
  EXPECT_EQ(hear_answer(patient).status, 200);
}

// How much an upstream could send to a caller who reads nothing, once it no longer moves. Gives up at `most`.
std::size_t sent_until_it_stands(GatewayRig& gateway, const std::atomic<std::size_t>& sent,
                                 std::size_t most) {
  std::size_t before = 0;
  int quiet = 0;
  for (int i = 0; i < 400 && quiet < 20 && sent < most; ++i) {
    gateway.thread().pause(25ms);
    const std::size_t now = sent;
    quiet = now > 0 && now == before ? quiet + 1 : 0;
    before = now;
  }
  return before;
}

TEST(Caller, WhoReadsAStreamSlowlyHoldsItsUpstreamBackAndNobodyElse) {
  // What the kernel keeps for two connections, and some.
  constexpr std::size_t kMost = 64u << 20;
  std::atomic<std::size_t> sent = 0;
  RawUpstream endless([&](RawSocket& socket, const HeardRequest&) {
    socket.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    const std::string event = "data: " + chunk_of(R"({"content":"on and on "})") + "\n\n";
    std::string piece;
    while (piece.size() < 8192) piece += event;
    while (socket.say(piece)) sent += piece.size();
    return false;
  });
  BusyServer other;
  auto settings =
      settings_for({{.name = "endless", .port = endless.port()}, {.name = "other", .port = other.port()}});
  route::RouteSpec calm = settings.routes[0];
  calm.name = "calm";
  calm.match = "deepseek-flash";
  calm.targets.erase(calm.targets.begin());
  settings.routes.push_back(calm);
  GatewayRig gateway(settings);
  RawSocket slow = gateway.connect(4096);
  slow.say(to_http({.stream = true}));
  const std::size_t stood_at = sent_until_it_stands(gateway, sent, kMost);
  EXPECT_GT(stood_at, 0u);
  EXPECT_LT(stood_at, kMost);

  const std::string body = R"({"model":"deepseek-flash","messages":[{"role":"user","content":"Hello"}]})";
  EXPECT_EQ(gateway.call(post("/v1/chat/completions", body)).status, 200);

  // It goes on where it stood as soon as the caller reads.
  std::size_t taken = 0;
  while (taken < stood_at + (1u << 20) && !slow.take(1u << 16).empty()) taken += 1u << 16;
  EXPECT_GT(sent, stood_at);
}

// More calls than an upstream takes.

std::vector<Heard> ask_at_once(const GatewayRig& gateway, const std::vector<Question>& questions) {
  std::deque<RawSocket> sockets;
  for (const Question& question : questions) {
    sockets.push_back(gateway.connect());
    sockets.back().say(to_http(question));
  }
  std::vector<Heard> heard(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) heard[i] = hear_chat(sockets[i], questions[i]);
  return heard;
}

std::vector<Question> questions(std::size_t count, const Question& like = {}) {
  std::vector<Question> out(count, like);
  for (std::size_t i = 0; i < count; ++i) out[i].prompt = "[[sim-tokens 20]] Question " + std::to_string(i);
  return out;
}

TEST(Slots, AnAccountIsNeverSentMoreCallsAtOnceThanItTakes) {
  sim::Options narrow = BusyServer::calm();
  narrow.scenario.phases[0].slots = 2;
  BusyServer only(narrow);
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].accounts[0].max_concurrent = 2;
  const GatewayRig gateway(settings);
  for (const Heard& heard : ask_at_once(gateway, questions(20))) EXPECT_EQ(heard.status(), 200);
  EXPECT_EQ(only.count("attempts"), 20u);
  EXPECT_EQ(only.count("refused"), 0u);
}

TEST(TokenBucket, WhatOverflowsWaitsForItsTurn) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].rate_limit = route::RateLimitSpec{.per_second = 20, .burst = 2};
  GatewayRig gateway(settings);
  for (const Heard& heard : ask_at_once(gateway, questions(10))) {
    EXPECT_EQ(heard.status(), 200);
    EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "1");
  }
  double waited = 0;
  for (const ports::AccessLine& line : gateway.lines(10)) waited += line.queue_seconds;
  EXPECT_GT(waited, 0);
}

TEST(TokenBucket, WhatCouldNotBeServedInTimeIsRefusedAtOnceAndNotSent) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  // One now, and the next in a hundred seconds.
  settings.upstreams[0].rate_limit = route::RateLimitSpec{.per_second = 0.01, .burst = 1};
  const GatewayRig gateway(settings);
  int served = 0;
  for (const Heard& heard : ask_at_once(gateway, questions(5))) {
    if (heard.status() == 200) {
      ++served;
      continue;
    }
    EXPECT_EQ(heard.status(), 429);
    EXPECT_EQ(heard.chat.error_code, "rate_limited");
    EXPECT_THAT(heard.chat.error_message, HasSubstr("rate limit"));
    EXPECT_EQ(heard.http.header("retry-after"), "60");
    EXPECT_EQ(heard.http.header("x-dujiang-attempts"), "0");
  }
  EXPECT_EQ(served, 1);
  EXPECT_EQ(only.count("attempts"), 1u);
}

TEST(TokenBucket, OfOneUpstreamSendsItsOverflowToAnother) {
  BusyServer first;
  BusyServer second;
  auto settings =
      settings_for({{.name = "first", .port = first.port()}, {.name = "second", .port = second.port()}});
  settings.upstreams[0].rate_limit = route::RateLimitSpec{.per_second = 0.01, .burst = 1};
  const GatewayRig gateway(settings);
  for (const Heard& heard : ask_at_once(gateway, questions(5))) EXPECT_EQ(heard.status(), 200);
  EXPECT_EQ(first.count("attempts"), 1u);
  EXPECT_EQ(second.count("attempts"), 4u);
}

TEST(Memory, ARequestThatCanNotBeKeptForARepeatIsServedButOnce) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.retry_memory_bytes = 16;
  const GatewayRig gateway(settings);
  EXPECT_EQ(gateway.ask({}).status(), 200);
  EXPECT_EQ(gateway.ask({.fault = "7; times=1"}).status(), 503);
  EXPECT_EQ(only.count("attempts"), 2u);
}

TEST(Queue, ThatIsFullRefusesWithWhatToDo) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  settings.upstreams[0].queue_limit = 1;
  const GatewayRig gateway(settings);
  RawSocket running = gateway.connect();
  running.say(to_http({.fault = "17; after=forever"}));
  ASSERT_EQ(only.await_count("accepted", 1), 1u);
  const auto heard = ask_at_once(gateway, questions(3, {.fields = "x-dujiang-deadline-ms: 1500\r\n"}));
  int full = 0;
  for (const Heard& each : heard) {
    EXPECT_EQ(each.status(), 429);
    if (each.chat.error_code != "queue_full") continue;
    ++full;
    EXPECT_THAT(each.chat.error_message, HasSubstr("Send fewer requests at once"));
  }
  EXPECT_EQ(full, 2);
  EXPECT_EQ(only.count("attempts"), 1u);
}

}  // namespace
}  // namespace dujiang::testing
