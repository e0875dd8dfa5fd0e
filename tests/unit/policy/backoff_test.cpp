#include "policy/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

TEST(Backoff, TheBoundDoublesUpToTheCap) {
  const Backoff backoff{.initial = 1s, .cap = 60s};
  EXPECT_EQ(backoff.bound(0), 1s);
  EXPECT_EQ(backoff.bound(1), 2s);
  EXPECT_EQ(backoff.bound(5), 32s);
  EXPECT_EQ(backoff.bound(6), 60s);
  EXPECT_EQ(backoff.bound(UINT32_MAX), 60s);
}

TEST(Backoff, DoesNotOverflowWithTheLargestSettings) {
  const Backoff backoff{.initial = base::Duration::max() / 2 + base::Duration{1},
                        .cap = base::Duration::max()};
  EXPECT_EQ(backoff.bound(0), backoff.initial);
  EXPECT_EQ(backoff.bound(1), base::Duration::max());
  base::Random chance(1);
  EXPECT_GE(backoff.delay(9, std::nullopt, chance), base::Duration{0});
}

TEST(Backoff, AnInitialWaitAboveTheCapIsTheCapAndNoneIsNone) {
  EXPECT_EQ((Backoff{.initial = 9s, .cap = 2s}.bound(0)), 2s);
  EXPECT_EQ((Backoff{.initial = 0s, .cap = 2s}.bound(5)), 0s);
  EXPECT_EQ((Backoff{.initial = 1s, .cap = -2s}.bound(5)), 0s);
}

TEST(Backoff, TheJitterIsUniformFromZeroToTheBound) {
  const Backoff backoff{.initial = 1s, .cap = 60s};
  base::Random chance(3);
  constexpr int kDraws = 20'000;
  double sum = 0;
  base::Duration least = 60s;
  base::Duration most = 0s;
  int below_quarter = 0;
  for (int i = 0; i < kDraws; ++i) {
    const base::Duration delay = backoff.delay(3, std::nullopt, chance);
    least = std::min(least, delay);
    most = std::max(most, delay);
    sum += base::seconds(delay);
    below_quarter += delay < 2s ? 1 : 0;
  }
  EXPECT_GE(least, 0s);
  EXPECT_LT(least, 10ms);
  EXPECT_LT(most, 8s);
  EXPECT_GT(most, 7990ms);
  EXPECT_NEAR(sum / kDraws, 4.0, 0.1);
  EXPECT_NEAR(below_quarter / static_cast<double>(kDraws), 0.25, 0.02);
}

TEST(Backoff, RetryAfterIsAFloorAndNeverASpur) {
  const Backoff backoff{.initial = 1s, .cap = 60s};
  base::Random chance(5);
  for (std::uint32_t n = 0; n < 4; ++n) EXPECT_EQ(backoff.delay(n, 20s, chance), 20s);
  base::Duration most = 0s;
  for (int i = 0; i < 1000; ++i) most = std::max(most, backoff.delay(5, 0s, chance));
  EXPECT_GT(most, 30s);
}

}  // namespace
}  // namespace dujiang::policy
