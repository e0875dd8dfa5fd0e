#include "sim/fate.hpp"

#include <gtest/gtest.h>

#include <map>

namespace dujiang::sim {
namespace {

Scenario scenario(const std::string& yaml) { return parse_scenario("test", "test.yaml", yaml).value(); }

TEST(Fate, IsNormalServiceOnACalmDay) {
  const Fate fate = decide(scenario("phases: [{}]"), Draws(1), {.id = {}, .seconds = 3, .slots_held = 63});
  EXPECT_FALSE(fate.over_capacity);
  EXPECT_EQ(fate.fault.fault, Fault::none);
  EXPECT_EQ(fate.times.first_token, 0.4);
  EXPECT_EQ(fate.times.queue, 0);
  EXPECT_FALSE(fate.hazard);
}

TEST(Fate, IsARefusalWhenAllSlotsAreHeld) {
  const Scenario full = scenario("phases: [{slots: 3, faults: {\"7\": 1}}]");
  EXPECT_FALSE(decide(full, Draws(1), {.slots_held = 2}).over_capacity);
  EXPECT_TRUE(decide(full, Draws(1), {.slots_held = 3}).over_capacity);
}

TEST(Fate, IsWhatWasToldBeforeCapacityAndChance) {
  const Scenario full = scenario("phases: [{slots: 0, faults: {\"7\": 1}}]");
  const Directive told = *parse_directive("5; after=2");
  const Fate fate = decide(full, Draws(1), {.slots_held = 9, .told = &told});
  EXPECT_FALSE(fate.over_capacity);
  EXPECT_EQ(fate.fault.fault, Fault::blank);
  EXPECT_EQ(fate.times.after, 2);
}

TEST(Fate, ShowsEachFaultAsOftenAsItsChanceSays) {
  const Scenario mixed = scenario(R"(phases: [{faults: {"7": 0.5, "5": 0.1, "17": 0.2}}])");
  std::map<Fault, int> seen;
  constexpr int kAttempts = 20'000;
  for (std::uint64_t i = 0; i < kAttempts; ++i) {
    const Fate fate = decide(mixed, Draws(1), {.id = {.slot = i / 5, .k = i % 5}});
    ++seen[fate.fault.fault];
    if (fate.fault.fault == Fault::late_head) {
      EXPECT_GE(fate.times.after, 30);
      EXPECT_LE(fate.times.after, 365);
    }
  }
  EXPECT_NEAR(seen[Fault::busy], kAttempts * 0.5, kAttempts * 0.015);
  EXPECT_NEAR(seen[Fault::blank], kAttempts * 0.1, kAttempts * 0.01);
  EXPECT_NEAR(seen[Fault::late_head], kAttempts * 0.2, kAttempts * 0.015);
  EXPECT_NEAR(seen[Fault::none], kAttempts * 0.2, kAttempts * 0.015);
}

TEST(Fate, IsTheSameForTheSameAttempt) {
  const auto storm = load_shipped("storm");
  ASSERT_TRUE(storm);
  for (std::uint64_t k = 0; k < 50; ++k) {
    const Arrival arrival{.id = {.slot = 9, .k = k}, .seconds = 0.45};
    const Fate one = decide(*storm, Draws(4), arrival);
    const Fate again = decide(*storm, Draws(4), arrival);
    EXPECT_EQ(one.fault.fault, again.fault.fault);
    EXPECT_EQ(one.times.first_token, again.times.first_token);
    EXPECT_EQ(one.hazard.has_value(), again.hazard.has_value());
  }
}

TEST(Fate, InTheStormRefusesAboutHalf) {
  const auto storm = load_shipped("storm");
  ASSERT_TRUE(storm);
  int refused = 0;
  for (std::uint64_t slot = 0; slot < 400; ++slot) {
    const Fate fate =
        decide(*storm, Draws(1), {.id = {.slot = slot}, .seconds = static_cast<double>(slot) * 0.05});
    refused += is_refusal(fate.fault);
  }
  EXPECT_NEAR(refused, 200, 30);
}

TEST(Hazard, StrikesAtItsRatePerSecond) {
  const Scenario bad = scenario("phases: [{hazards: {stall: 0.05, reset: 0.05}}]");
  int within_ten_seconds = 0;
  int stalls = 0;
  constexpr int kAttempts = 4000;
  for (std::uint64_t i = 0; i < kAttempts; ++i) {
    const auto hazard = next_break(bad, Draws(1), {.slot = i}, 100);
    ASSERT_TRUE(hazard);
    EXPECT_GE(hazard->at, 100);
    within_ten_seconds += hazard->at < 110;
    stalls += hazard->kind == Break::Kind::stall;
  }
  // 1 - e^(-0.1 · 10)
  EXPECT_NEAR(within_ten_seconds, kAttempts * 0.632, kAttempts * 0.03);
  EXPECT_NEAR(stalls, kAttempts * 0.5, kAttempts * 0.03);
}

TEST(Hazard, WaitsForItsPhase) {
  const Scenario later = scenario("phases: [{seconds: 20}, {hazards: {reset: 1}}]");
  const auto hazard = next_break(later, Draws(1), {}, 1);
  ASSERT_TRUE(hazard);
  EXPECT_GE(hazard->at, 20);
  EXPECT_LT(hazard->at, 40);
}

TEST(Hazard, DoesNotThreatenARefusal) {
  const Scenario bad = scenario(R"(phases: [{faults: {"7": 1}, hazards: {reset: 1}}])");
  EXPECT_FALSE(decide(bad, Draws(1), {}).hazard);
}

}  // namespace
}  // namespace dujiang::sim
