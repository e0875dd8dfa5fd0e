#include "balance/balancer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace dujiang::balance {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr base::TimePoint kStart{std::chrono::hours(1)};

std::vector<std::size_t> picks(Strategy& strategy, std::vector<std::size_t> candidates, int count) {
  std::vector<std::size_t> result;
  result.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) result.push_back(strategy.pick(candidates));
  return result;
}

TEST(RoundRobin, GivesEachItsTurn) {
  auto strategy = make_round_robin();
  EXPECT_THAT(picks(*strategy, {0, 1, 2}, 7), ElementsAre(0, 1, 2, 0, 1, 2, 0));
}

TEST(RoundRobin, KeepsTheTurnWhenOneDropsOut) {
  auto strategy = make_round_robin();
  EXPECT_THAT(picks(*strategy, {0, 1, 2}, 1), ElementsAre(0));
  EXPECT_THAT(picks(*strategy, {0, 2}, 2), ElementsAre(2, 0));
  EXPECT_THAT(picks(*strategy, {0, 1, 2}, 2), ElementsAre(1, 2));
}

TEST(SmoothWeighted, SpreadsTheHeavyOneEvenly) {
  auto strategy = make_smooth_weighted({5, 1, 1});
  EXPECT_THAT(picks(*strategy, {0, 1, 2}, 7), ElementsAre(0, 0, 1, 0, 2, 0, 0));
}

TEST(SmoothWeighted, KeepsProportionsOverALongRun) {
  auto strategy = make_smooth_weighted({1, 7, 2});
  std::array<int, 3> seen{};
  for (const std::size_t i : picks(*strategy, {0, 1, 2}, 1000)) ++seen[i];
  EXPECT_THAT(seen, ElementsAre(100, 700, 200));
}

TEST(SmoothWeighted, PicksOneWithoutWeightOnlyWhenNoOtherIsLeft) {
  auto strategy = make_smooth_weighted({0, 1});
  EXPECT_THAT(picks(*strategy, {0, 1}, 3), ElementsAre(1, 1, 1));
  EXPECT_THAT(picks(*strategy, {0}, 2), ElementsAre(0, 0));
  EXPECT_THAT(picks(*strategy, {0, 1}, 2), ElementsAre(1, 1));
}

TEST(SmoothWeighted, DoesNotFloodOneThatComesBack) {
  auto strategy = make_smooth_weighted({1, 1});
  picks(*strategy, {1}, 100);
  EXPECT_THAT(picks(*strategy, {0, 1}, 4), ElementsAre(0, 1, 0, 1));
}

std::vector<int> choices(Balancer& balancer, base::TimePoint now, int count) {
  std::vector<int> result;
  result.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto chosen = balancer.choose(now);
    result.push_back(chosen ? static_cast<int>(*chosen) : -1);
  }
  return result;
}

TEST(Balancer, SkipsOneThatRefusedUntilItsProbeIsDue) {
  Balancer balancer(2, make_round_robin(), 2s);
  balancer.refused(0, kStart);
  EXPECT_THAT(choices(balancer, kStart, 3), ElementsAre(1, 1, 1));
  EXPECT_THAT(choices(balancer, kStart + 2s - 1ns, 2), ElementsAre(1, 1));
  EXPECT_THAT(choices(balancer, kStart + 2s, 1), ElementsAre(0));
}

TEST(Balancer, LetsOneProbeAtATimeThrough) {
  Balancer balancer(2, make_round_robin(), 2s);
  balancer.refused(0, kStart);
  EXPECT_THAT(choices(balancer, kStart + 2s, 4), ElementsAre(0, 1, 1, 1));
  EXPECT_THAT(choices(balancer, kStart + 1h, 2), ElementsAre(1, 1)) << "the probe has not ended";
}

TEST(Balancer, BringsAnEndpointBackWhenAProbeConnects) {
  Balancer balancer(2, make_round_robin(), 2s);
  balancer.refused(0, kStart);
  EXPECT_THAT(choices(balancer, kStart + 2s, 1), ElementsAre(0));
  EXPECT_TRUE(balancer.down(0));
  balancer.connected(0);
  EXPECT_FALSE(balancer.down(0));
  EXPECT_THAT(choices(balancer, kStart + 2s, 4), ElementsAre(1, 0, 1, 0));
}

TEST(Balancer, WaitsAgainAfterARefusedProbe) {
  Balancer balancer(1, make_round_robin(), 2s);
  balancer.refused(0, kStart);
  EXPECT_THAT(choices(balancer, kStart + 2s, 1), ElementsAre(0));
  balancer.refused(0, kStart + 3s);
  EXPECT_THAT(choices(balancer, kStart + 4s, 1), ElementsAre(-1));
  EXPECT_THAT(choices(balancer, kStart + 5s, 1), ElementsAre(0));
}

TEST(Balancer, OffersAnAbandonedProbeToTheNextCaller) {
  Balancer balancer(1, make_round_robin(), 2s);
  balancer.refused(0, kStart);
  EXPECT_THAT(choices(balancer, kStart + 2s, 2), ElementsAre(0, -1));
  balancer.abandoned(0);
  EXPECT_TRUE(balancer.down(0)) << "an abandoned probe says nothing";
  EXPECT_THAT(choices(balancer, kStart + 2s, 1), ElementsAre(0));
}

TEST(Balancer, LeavesOutWhatTheSameRequestHasTried) {
  Balancer balancer(3, make_round_robin(), 2s);
  const std::vector<std::size_t> tried{0, 2};
  EXPECT_EQ(balancer.choose(kStart, tried), 1u);
  const std::vector<std::size_t> all{0, 1, 2};
  EXPECT_EQ(balancer.choose(kStart, all), std::nullopt);
}

TEST(Balancer, HasNoChoiceWithoutEndpoints) {
  Balancer balancer(0, make_round_robin(), 2s);
  EXPECT_EQ(balancer.choose(kStart), std::nullopt);
}

}  // namespace
}  // namespace dujiang::balance
