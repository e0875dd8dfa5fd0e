// A storm over real sockets: whatever the server does, every answer is whole or fails loudly, and nothing of
// it is left when it has passed.
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRounds = 2;
constexpr std::size_t kCallersAtOnce = 60;

sim::Options weather(std::string_view scenario, std::uint64_t seed) {
  sim::Options options = BusyServer::calm(100);
  options.scenario = sim::load_shipped(scenario).value();
  options.seed = seed;
  return options;
}

engine::Settings settings_in_storm(const std::vector<UpstreamAt>& upstreams) {
  auto settings = settings_for(upstreams);
  route::RouteSpec& route = settings.routes[0];
  route.clocks.first_byte = 1000ms;
  route.clocks.first_token = 500ms;
  route.clocks.gap = 1000ms;
  route.clocks.silence = 1000ms;
  route.keep_alive = 200ms;
  return settings;
}

struct Tally {
  std::size_t good = 0;
  std::size_t failed_loudly = 0;
  std::vector<std::string> wrong;
};

void judge(const Heard& heard, const Question& question, Tally& tally) {
  const std::string expected = answer_to(question.prompt);
  const ChatAnswer& chat = heard.chat;
  const bool whole = heard.status() == 200 && heard.http.complete && chat.problem.empty() && chat.errors == 0;
  const bool ended = question.stream ? chat.dones == 1 : true;
  // An answer in one piece under an early 200 fails by a transfer that breaks before its first byte.
  const bool broken = !question.stream && !heard.http.complete && chat.content.empty();
  const bool told = chat.errors == 1 && chat.dones == 0 && expected.starts_with(chat.content);
  if (whole && ended && chat.content == expected && chat.finish_reason == "stop") {
    ++tally.good;
  } else if (told || broken) {
    ++tally.failed_loudly;
  } else {
    tally.wrong.push_back(std::to_string(heard.status()) + " " + heard.http.body);
  }
}

void ask_many(const GatewayRig& gateway, std::size_t round, Tally& tally) {
  std::deque<RawSocket> sockets;
  std::vector<Question> questions(kCallersAtOnce);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    questions[i] = {.prompt = "Round " + std::to_string(round) + ", question " + std::to_string(i),
                    .stream = i % 2 == 0,
                    .fields = "x-dujiang-deadline-ms: 5000\r\n"};
    sockets.push_back(gateway.connect());
    sockets.back().say(to_http(questions[i]));
  }
  for (std::size_t i = 0; i < questions.size(); ++i) {
    // Some lose patience.
    if (i % 10 == 9) {
      sockets[i].reset();
      continue;
    }
    judge(hear_chat(sockets[i], questions[i]), questions[i], tally);
  }
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

class Storm : public ::testing::TestWithParam<const char*> {};

TEST_P(Storm, LeavesNoWrongAnswerAndNothingOpenBehind) {
  const std::size_t descriptors = open_descriptors();
  Tally tally;
  {
    BusyServer stormy(weather(GetParam(), 7));
    BusyServer second(weather(GetParam(), 8));
    GatewayRig gateway(settings_in_storm(
        {{.name = "stormy", .port = stormy.port()}, {.name = "second", .port = second.port()}}));
    for (std::size_t round = 0; round < kRounds; ++round) ask_many(gateway, round, tally);
    EXPECT_EQ(gateway.lines(kRounds * kCallersAtOnce).size(), kRounds * kCallersAtOnce);
    for (BusyServer* server : {&stormy, &second}) {
      for (int i = 0; i < 500 && server->count("slots_held_now") > 0; ++i) gateway.thread().pause(10ms);
      EXPECT_EQ(server->count("slots_held_now"), 0u);
    }
  }
  EXPECT_TRUE(tally.wrong.empty()) << tally.wrong.size() << " wrong, the first:\n" << tally.wrong[0];
  EXPECT_GT(tally.good, tally.failed_loudly);
  EXPECT_EQ(open_descriptors(), descriptors);
}

INSTANTIATE_TEST_SUITE_P(Scenario, Storm, ::testing::Values("storm", "stalls"),
                         [](const auto& scenario) { return std::string(scenario.param); });

}  // namespace
}  // namespace dujiang::testing
