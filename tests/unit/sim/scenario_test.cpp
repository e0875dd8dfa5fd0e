#include "sim/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dujiang::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

base::Result<Scenario> parse(const std::string& yaml) { return parse_scenario("test", "test.yaml", yaml); }

TEST(Scenario, IsReadWithAllItsKeys) {
  const auto scenario = parse(R"(
about: A bad day
speed: 2
loop: true
thinking: true
phases:
  - name: first
    seconds: 10
    slots: 20
    token_rate: 60
    first_token: 0.5
    queue: [3, 9]
    keep_alive: 1
    limit: published
    faults: {"7": 0.5, "5; after=5": 0.25}
    hazards: {stall: 0.05, reset: 0.01}
  - seconds: 5
)");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->name, "test");
  EXPECT_EQ(scenario->speed, 2);
  EXPECT_TRUE(scenario->loop);
  EXPECT_TRUE(scenario->thinking);
  const Phase& phase = scenario->phases[0];
  EXPECT_EQ(phase.slots, 20u);
  EXPECT_EQ(phase.token_rate, 60);
  EXPECT_EQ(phase.first_token, (Range{0.5, 0.5}));
  EXPECT_EQ(phase.queue, (Range{3, 9}));
  EXPECT_EQ(phase.limit, LimitText::published);
  ASSERT_EQ(phase.faults.size(), 2u);
  EXPECT_EQ(phase.faults[1].directive.fault, Fault::blank);
  EXPECT_EQ(phase.faults[1].directive.after, (Range{5, 5}));
  EXPECT_EQ(phase.faults[1].chance, 0.25);
  EXPECT_EQ(phase.hazards.stall, 0.05);
}

TEST(Scenario, GivesNormalServiceWhereNothingIsSaid) {
  const auto scenario = parse("phases: [{}]");
  ASSERT_TRUE(scenario) << scenario.error().message;
  const Phase& phase = scenario->phases[0];
  EXPECT_EQ(phase.slots, 64u);
  EXPECT_EQ(phase.token_rate, 40);
  EXPECT_EQ(phase.first_token, (Range{0.4, 0.4}));
  EXPECT_EQ(phase.keep_alive, 10);
  EXPECT_TRUE(phase.faults.empty());
  EXPECT_FALSE(scenario->has_hazards());
}

TEST(Scenario, HoldsItsLastPhaseOrLoops) {
  const std::string phases = "phases: [{name: a, seconds: 10}, {name: b, seconds: 5}]\n";
  const auto held = parse(phases);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->phase_at(0).name, "a");
  EXPECT_EQ(held->phase_at(9.99).name, "a");
  EXPECT_EQ(held->phase_at(10).name, "b");
  EXPECT_EQ(held->phase_at(1000).name, "b");
  const auto looped = parse(phases + "loop: true\n");
  ASSERT_TRUE(looped);
  EXPECT_EQ(looped->phase_at(14).name, "b");
  EXPECT_EQ(looped->phase_at(15).name, "a");
  EXPECT_EQ(looped->phase_at(40.5).name, "b");
}

struct Wrong {
  std::string_view yaml;
  std::string_view message;
};

class WrongScenario : public testing::TestWithParam<Wrong> {};

TEST_P(WrongScenario, IsRefusedWithItsLine) {
  const auto scenario = parse(std::string(GetParam().yaml));
  ASSERT_FALSE(scenario);
  EXPECT_THAT(scenario.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongScenario,
    testing::Values(
        Wrong{"phases:\n  - slotz: 3\n", "test.yaml:2: unknown key 'slotz': a phase has name, seconds"},
        Wrong{"weather: bad\n", "test.yaml:1: unknown key 'weather'"},
        Wrong{"about: x\n", "phases has to be a list"}, Wrong{"phases: []\n", "of one phase at least"},
        Wrong{"", "a scenario has to be a mapping"}, Wrong{"- 1\n", "a scenario has to be a mapping"},
        Wrong{"phases:\n  - slots: many\n", "test.yaml:2: slots has to be a number"},
        Wrong{"phases:\n  - slots: 1.5\n", "whole number"},
        Wrong{"phases:\n  - token_rate: 0\n", "token_rate has to be a number from 0.01"},
        Wrong{"phases:\n  - queue: [9, 3]\n", "the low end comes first"},
        Wrong{"phases:\n  - queue: [1, 2, 3]\n", "[low, high]"},
        Wrong{"phases:\n  - limit: none\n", "balance or published"},
        Wrong{"phases:\n  - faults: {\"77\": 0.5}\n", "test.yaml:2: there is no fault '77'"},
        Wrong{"phases:\n  - faults: {\"7\": 0.6, \"8\": 0.6}\n", "sum to more than 1"},
        Wrong{"phases:\n  - faults: {\"7\": 1.5}\n", "a chance has to be a number from 0 to 1"},
        Wrong{"phases:\n  - faults: {\"7; times=2\": 0.5}\n", "in a scenario give a chance only"},
        Wrong{"phases:\n  - hazards: {fire: 1}\n", "unknown key 'fire': hazards has stall, reset"},
        Wrong{"phases:\n  - {seconds: 1}\n  - {}\nloop: true\n", "test.yaml:3: this phase needs seconds"},
        Wrong{"phases:\n  - {}\n  - {}\n", "test.yaml:2: this phase needs seconds"},
        Wrong{"loop: maybe\nphases: [{}]\n", "true or false"},
        Wrong{"speed: 1\nspeed: 2\nphases: [{}]\n", "stands twice"}, Wrong{"phases: [\n", "test.yaml:2"}));

TEST(ShippedScenarios, AreAllThereAndValid) {
  std::vector<std::string_view> names;
  for (const ShippedScenario& shipped : shipped_scenarios()) {
    names.push_back(shipped.name);
    const auto scenario = load_scenario(std::string(shipped.name));
    ASSERT_TRUE(scenario) << scenario.error().message;
    EXPECT_FALSE(scenario->about.empty()) << shipped.name;
  }
  EXPECT_THAT(
      names, ElementsAre("account-limit", "blank-answers", "busy-hour", "calm", "outage", "stalls", "storm"));
}

TEST(ShippedScenarios, BusyHourHasThePhasesOfTheBenchmark) {
  const auto scenario = load_shipped("busy-hour");
  ASSERT_TRUE(scenario);
  EXPECT_EQ(scenario->phase_at(14).slots, 64u);
  EXPECT_EQ(scenario->phase_at(15).slots, 20u);
  EXPECT_EQ(scenario->phase_at(35).faults.at(0).chance, 0.5);
  EXPECT_EQ(scenario->phase_at(35).slots, 48u);
  EXPECT_EQ(scenario->phase_at(55).queue, (Range{3, 9}));
  EXPECT_EQ(scenario->phase_at(55).token_rate, 20);
  EXPECT_EQ(scenario->phase_at(70).hazards.stall, 0.05);
  EXPECT_EQ(scenario->phase_at(70).hazards.reset, 0.05);
  EXPECT_EQ(scenario->phase_at(70).slots, 56u);
  EXPECT_EQ(scenario->phase_at(85).slots, 3u);
  EXPECT_EQ(scenario->phase_at(85).faults.at(0).chance, 0.9);
  EXPECT_EQ(scenario->phase_at(95).slots, 64u);
  EXPECT_TRUE(scenario->phase_at(95).faults.empty());
}

TEST(ShippedScenarios, AFileThatIsNotThereIsSaid) {
  const auto scenario = load_scenario("/nowhere/at-all.yaml");
  ASSERT_FALSE(scenario);
  EXPECT_THAT(scenario.error().message, HasSubstr("there are account-limit, blank-answers"));
}

}  // namespace
}  // namespace dujiang::sim
