#include "policy/shared_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "policy/token_bucket.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

constexpr route::RateLimitSpec kTenASecond{.per_second = 10, .burst = 3};

TEST(SharedBucket, BooksABurstAtOnceAndThenOneTurnPerInterval) {
  SharedBucket bucket;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.book(kTenASecond, at(0s), base::kNever), at(0s));
  EXPECT_EQ(bucket.book(kTenASecond, at(0s), base::kNever), at(100ms));
  EXPECT_EQ(bucket.book(kTenASecond, at(0s), base::kNever), at(200ms));
  EXPECT_EQ(bucket.book(kTenASecond, at(50ms), base::kNever), at(300ms));
}

TEST(SharedBucket, ATurnThatWouldComeTooLateIsNotBookedAndTellsWhenToComeAgain) {
  SharedBucket bucket;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bucket.book(kTenASecond, at(0s), base::kNever));
  const auto refused = bucket.book(kTenASecond, at(0s), at(40ms));
  ASSERT_FALSE(refused);
  EXPECT_GT(refused.error(), 60ms - 1us);
  EXPECT_LT(refused.error(), 60ms + 1us);
  // Had it been booked, the next turn would be another.
  EXPECT_EQ(bucket.book(kTenASecond, at(0s), base::kNever), at(100ms));
  // And whoever comes again as it was told is let in.
  SharedBucket other;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(other.book(kTenASecond, at(0s), base::kNever));
  const auto told = other.book(kTenASecond, at(0s), at(40ms)).error();
  EXPECT_TRUE(other.book(kTenASecond, at(0s) + told, at(40ms) + told));
}

TEST(SharedBucket, IdlenessEarnsNoMoreThanTheBurst) {
  SharedBucket bucket;
  ASSERT_TRUE(bucket.book(kTenASecond, at(0s), base::kNever));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.book(kTenASecond, at(1h), base::kNever), at(1h));
  EXPECT_EQ(bucket.book(kTenASecond, at(1h), base::kNever), at(1h + 100ms));
}

TEST(SharedBucket, ABurstBelowOneSpacesAllCalls) {
  SharedBucket bucket;
  const route::RateLimitSpec rate{.per_second = 2, .burst = 0};
  EXPECT_EQ(bucket.book(rate, at(0s), base::kNever), at(0s));
  EXPECT_EQ(bucket.book(rate, at(0s), base::kNever), at(500ms));
}

TEST(SharedBucket, AClockThatGoesBackAllowsNothingMore) {
  SharedBucket bucket;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bucket.book(kTenASecond, at(1s), base::kNever));
  EXPECT_EQ(bucket.book(kTenASecond, at(0s), base::kNever), at(1100ms));
}

TEST(SharedBucket, TellsWhatIsLeft) {
  SharedBucket bucket;
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).remaining, 3u);
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).until_full, 0s);
  ASSERT_TRUE(bucket.book(kTenASecond, at(0s), base::kNever));
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).remaining, 2u);
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).until_full, 100ms);
  EXPECT_EQ(bucket.standing(kTenASecond, at(99ms)).remaining, 2u);
  EXPECT_EQ(bucket.standing(kTenASecond, at(100ms)).remaining, 3u);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(bucket.book(kTenASecond, at(0s), base::kNever));
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).remaining, 0u);
  EXPECT_EQ(bucket.standing(kTenASecond, at(0s)).until_full, 600ms);
}

TEST(SharedBucket, ANewRateHoldsFromTheNextCallOn) {
  SharedBucket bucket;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bucket.book(kTenASecond, at(0s), base::kNever));
  const route::RateLimitSpec slower{.per_second = 1, .burst = 1};
  EXPECT_EQ(bucket.book(slower, at(0s), base::kNever), at(300ms));
  EXPECT_EQ(bucket.book(slower, at(0s), base::kNever), at(1300ms));
}

// The house's other bucket is the model: a turn is never earlier, and nothing is left out.
TEST(SharedBucket, BooksTheVeryTurnsThatATokenBucketWouldAllow) {
  base::Random chance(7);
  for (const route::RateLimitSpec rate : {route::RateLimitSpec{.per_second = 8, .burst = 4},
                                          route::RateLimitSpec{.per_second = 0.5, .burst = 1},
                                          route::RateLimitSpec{.per_second = 1000, .burst = 20}}) {
    SharedBucket shared;
    TokenBucket model(rate.per_second, rate.burst);
    base::TimePoint now = at(0s);
    for (int i = 0; i < 2000; ++i) {
      now += base::Duration(chance.next() % static_cast<std::uint64_t>(2e9 / rate.per_second));
      const base::TimePoint allowed = model.next_allowed(now);
      const auto booked = shared.book(rate, now, now + 1ns);
      ASSERT_EQ(booked.has_value(), allowed <= now) << i;
      if (booked) ASSERT_TRUE(model.take(now));
    }
  }
}

TEST(SharedBucket, ManyThreadsTogetherBookEveryTurnOnceAndNoneTwice) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  const route::RateLimitSpec rate{.per_second = 1000, .burst = 1};
  SharedBucket bucket;
  std::vector<std::vector<base::TimePoint>> turns(kThreads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (auto& mine : turns) {
      threads.emplace_back([&bucket, &mine, rate] {
        for (int i = 0; i < kEach; ++i) mine.push_back(*bucket.book(rate, at(0s), base::kNever));
      });
    }
  }
  std::vector<base::TimePoint> all;
  for (const auto& mine : turns) all.insert(all.end(), mine.begin(), mine.end());
  std::ranges::sort(all);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], at(std::chrono::milliseconds(i)));
}

}  // namespace
}  // namespace dujiang::policy
