// Four loops over real sockets: what an upstream allows is allowed once, and nothing gets lost between
// threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "component/loops/gated_upstream.hpp"
#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint32_t kLoops = 4;

engine::Settings one_upstream(std::uint16_t port) {
  return settings_for({{.name = "only", .port = port, .dialect = "openai"}});
}

// Callers with a connection each; the kernel deals them out to the loops.
std::deque<RawSocket> call_at_once(const GatewayRig& gateway, std::size_t count) {
  std::deque<RawSocket> callers;
  for (std::size_t i = 0; i < count; ++i) {
    callers.push_back(gateway.connect());
    callers.back().say(to_http({}));
  }
  return callers;
}

// Looks at /metrics until it has that line, for 20 s at most; the last page.
std::string await_metric(const GatewayRig& gateway, const std::string& line) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  std::string page;
  do {
    page = gateway.metrics();
  } while (page.find(line + "\n") == std::string::npos && std::chrono::steady_clock::now() < until);
  return page;
}

std::string waiting(std::size_t count) {
  return "dujiang_queue_length{upstream=\"only\"} " + std::to_string(count);
}

TEST(FourLoops, ShareTheConnectionsAndAddUpWhatTheyMeasure) {
  constexpr std::size_t kCalls = 64;
  GatedUpstream upstream(true);
  GatewayRig gateway(one_upstream(upstream.port()), {}, kLoops);
  for (RawSocket& caller : call_at_once(gateway, kCalls)) EXPECT_EQ(hear_answer(caller).status, 200);
  EXPECT_EQ(gateway.lines(kCalls).size(), kCalls);
  EXPECT_GT(gateway.threads_seen(), 1u);
  const std::string page = gateway.metrics();
  EXPECT_THAT(page,
              HasSubstr("dujiang_requests_total{route=\"main\",operation=\"chat\",result=\"ok\"} 64\n"));
  EXPECT_THAT(
      page,
      HasSubstr("dujiang_attempts_total{upstream=\"only\",model=\"deepseek-chat\",outcome=\"ok\"} 64\n"));
  EXPECT_THAT(page, HasSubstr("dujiang_queue_wait_seconds_count{upstream=\"only\"} 64\n"));
  EXPECT_THAT(page, HasSubstr("dujiang_connections_opened_total{side=\"caller\"} 65\n"));
  EXPECT_THAT(page, HasSubstr("dujiang_requests_in_flight 0\n"));
}

TEST(FourLoops, NeverExceedTheSlotsOfAnAccount) {
  GatedUpstream upstream(false);
  auto settings = one_upstream(upstream.port());
  settings.upstreams[0].accounts[0].max_concurrent = 2;
  GatewayRig gateway(settings, {}, kLoops);
  auto callers = call_at_once(gateway, 24);
  EXPECT_THAT(await_metric(gateway, waiting(22)), HasSubstr(waiting(22)));
  EXPECT_EQ(upstream.await_inside(2), 2u);
  upstream.open_gate();
  for (RawSocket& caller : callers) EXPECT_EQ(hear_answer(caller).status, 200);
  EXPECT_EQ(upstream.most_inside(), 2u);
  EXPECT_EQ(upstream.served(), 24u);
  EXPECT_THAT(gateway.metrics(), HasSubstr(waiting(0)));
}

// The slots come back, too: two callers stay, and one comes later.
TEST(FourLoops, LoseNoSlotToCallersWhoLeave) {
  GatedUpstream upstream(false);
  auto settings = one_upstream(upstream.port());
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  GatewayRig gateway(settings, {}, kLoops);
  RawSocket first = gateway.connect();
  first.say(to_http({}));
  EXPECT_EQ(upstream.await_inside(1), 1u);
  auto callers = call_at_once(gateway, 20);
  EXPECT_THAT(await_metric(gateway, waiting(20)), HasSubstr(waiting(20)));
  for (std::size_t i = 2; i < callers.size(); ++i) callers[i].reset();
  EXPECT_THAT(await_metric(gateway, waiting(2)), HasSubstr(waiting(2)));
  upstream.open_gate();
  EXPECT_EQ(hear_answer(first).status, 200);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(hear_answer(callers[i]).status, 200);
  EXPECT_EQ(gateway.ask({}).status(), 200);
  EXPECT_EQ(upstream.served(), 4u);
}

TEST(FourLoops, LoseNoSlotToCallersWhoLeaveAtOnce) {
  GatedUpstream upstream(true);
  auto settings = one_upstream(upstream.port());
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  GatewayRig gateway(settings, {}, kLoops);
  // Some leave while their entry or their permit is under way.
  for (int round = 0; round < 10; ++round) {
    for (RawSocket& caller : call_at_once(gateway, 16)) caller.reset();
  }
  EXPECT_EQ(gateway.ask({}).status(), 200);
  EXPECT_THAT(await_metric(gateway, "dujiang_requests_in_flight 0"), HasSubstr(waiting(0)));
  EXPECT_EQ(upstream.most_inside(), 1u);
}

TEST(FourLoops, HaveOneTokenBucket) {
  GatedUpstream upstream(true);
  auto settings = one_upstream(upstream.port());
  settings.upstreams[0].rate_limit = {.per_second = 50, .burst = 5};
  GatewayRig gateway(settings, {}, kLoops);
  const auto start = std::chrono::steady_clock::now();
  for (RawSocket& caller : call_at_once(gateway, 40)) EXPECT_EQ(hear_answer(caller).status, 200);
  // 5 at once, and 35 that come 20 ms apart: no earlier however fast the machine is.
  EXPECT_GE(std::chrono::steady_clock::now() - start, 700ms);
}

TEST(FourLoops, GoOnUnderOtherSettingsWhileTheyServe) {
  GatedUpstream upstream(false);
  auto settings = one_upstream(upstream.port());
  settings.upstreams[0].accounts[0].max_concurrent = 1;
  GatewayRig gateway(settings, {}, kLoops);
  auto callers = call_at_once(gateway, 12);
  EXPECT_THAT(await_metric(gateway, waiting(11)), HasSubstr(waiting(11)));
  settings.upstreams[0].accounts[0].max_concurrent = 3;
  gateway.adopt(settings);
  EXPECT_EQ(upstream.await_inside(3), 3u);
  settings.upstreams.push_back(settings.upstreams[0]);
  settings.upstreams.back().name = "another";
  gateway.adopt(settings);
  upstream.open_gate();
  for (RawSocket& caller : callers) EXPECT_EQ(hear_answer(caller).status, 200);
  EXPECT_EQ(upstream.most_inside(), 3u);
}

// Retries, refused keys' accounts, early 200s, cuts and hang-ups all cross the loops here.
TEST(FourLoops, GiveNoWrongAnswerInBadWeather) {
  BusyServer stormy;
  BusyServer second;
  GatewayRig gateway(
      settings_for({{.name = "stormy", .port = stormy.port()}, {.name = "second", .port = second.port()}}),
      {}, kLoops);
  const std::vector<std::string> faults = {
      "", "7; times=1", "5; times=2", "20; after=3", "17; after=20", "13; times=1"};
  for (int round = 0; round < 3; ++round) {
    std::vector<Question> questions(36);
    std::deque<RawSocket> sockets;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      questions[i] = {.prompt = "Round " + std::to_string(round) + ", question " + std::to_string(i),
                      .stream = i % 2 == 0,
                      .fault = faults[i % faults.size()]};
      sockets.push_back(gateway.connect());
      sockets.back().say(to_http(questions[i]));
    }
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (i % 9 == 8) {
        sockets[i].reset();
        continue;
      }
      const Heard heard = hear_chat(sockets[i], questions[i]);
      const bool whole = heard.status() == 200 && heard.http.complete && heard.chat.errors == 0;
      if (whole) EXPECT_EQ(heard.chat.content, answer_to(questions[i].prompt));
      if (questions[i].fault.empty()) EXPECT_TRUE(whole) << heard.http.body;
    }
  }
  EXPECT_THAT(await_metric(gateway, "dujiang_requests_in_flight 0"),
              HasSubstr("dujiang_requests_in_flight 0\n"));
}

}  // namespace
}  // namespace dujiang::testing
