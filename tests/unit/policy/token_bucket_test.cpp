#include "policy/token_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

TEST(TokenBucket, LetsABurstThroughAndThenOnePerPeriod) {
  TokenBucket bucket(10, 3);
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_FALSE(bucket.take(at(0s)));
  EXPECT_EQ(bucket.next_allowed(at(0s)), at(100ms));
  EXPECT_FALSE(bucket.take(at(99ms)));
  EXPECT_TRUE(bucket.take(at(100ms)));
  EXPECT_EQ(bucket.next_allowed(at(100ms)), at(200ms));
}

TEST(TokenBucket, ABurstOfOneSpacesAllCalls) {
  TokenBucket bucket(2, 0);  // below 1 counts as 1
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_FALSE(bucket.take(at(499ms)));
  EXPECT_TRUE(bucket.take(at(500ms)));
}

TEST(TokenBucket, IdlenessEarnsNoMoreThanTheBurst) {
  TokenBucket bucket(10, 2);
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_TRUE(bucket.take(at(1h)));
  EXPECT_TRUE(bucket.take(at(1h)));
  EXPECT_FALSE(bucket.take(at(1h)));
}

TEST(TokenBucket, ARefusedCallCostsNothing) {
  TokenBucket bucket(1, 1);
  EXPECT_TRUE(bucket.take(at(0s)));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(bucket.take(at(500ms)));
  EXPECT_TRUE(bucket.take(at(1s)));
}

TEST(TokenBucket, ACostAboveTheBurstWaitsForAFullBucketInsteadOfForEver) {
  TokenBucket bucket(1, 2);
  EXPECT_TRUE(bucket.take(at(0s), 5));
  EXPECT_EQ(bucket.next_allowed(at(0s), 5), at(2s));
  EXPECT_TRUE(bucket.take(at(2s), 5));
}

TEST(TokenBucket, ForeseesTheTurnOfACallBehindOthers) {
  TokenBucket bucket(10, 2);
  ASSERT_TRUE(bucket.take(at(0s)));
  // One token is left for the first of the three ahead; the call itself is the fourth.
  EXPECT_EQ(bucket.next_allowed(at(0s), 1, 3), at(300ms));
  EXPECT_EQ(bucket.next_allowed(at(0s), 1, 0), at(0s));
}

TEST(TokenBucket, ATinyRateDoesNotOverflow) {
  TokenBucket bucket(1e-12, 1);
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_GT(bucket.next_allowed(at(0s), 1, 1e6), at(24h));
  EXPECT_FALSE(bucket.take(at(24h)));
}

TEST(TokenBucket, NoWindowEverHoldsMoreThanItsRateAndTheBurst) {
  base::Random chance(11);
  TokenBucket bucket(10, 4);
  std::vector<base::TimePoint> taken;
  base::TimePoint now = at(0s);
  for (int i = 0; i < 20'000; ++i) {
    // Bursts with pauses between them.
    now += chance.uniform() < 0.01 ? base::Duration(2s)
                                   : base::Duration(static_cast<int>(chance.uniform() * 2e7));
    const bool foreseen = bucket.next_allowed(now) == now;
    const bool allowed = bucket.take(now);
    ASSERT_EQ(foreseen, allowed);
    if (allowed) taken.push_back(now);
  }
  ASSERT_GT(taken.size(), 1000u);
  for (std::size_t first = 0; first < taken.size(); ++first) {
    for (std::size_t last = first; last < std::min(first + 60, taken.size()); ++last) {
      const double window = base::seconds(taken[last] - taken[first]);
      ASSERT_LE(static_cast<double>(last - first + 1), window * 10 + 4 + 1e-6);
    }
  }
}

}  // namespace
}  // namespace dujiang::policy
