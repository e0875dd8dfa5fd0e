#include <gtest/gtest.h>

#include <chrono>

#include "adapters/http/client_keep.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;

constexpr base::TimePoint kNow{24h};

TEST(KeptUntil, the_idle_timeout_counts_from_now) {
  EXPECT_EQ(kept_until(kNow, {.idle_timeout = 55s, .end_of_age = kNow + 1h}), kNow + 55s);
}

TEST(KeptUntil, what_the_peer_says_ends_it_a_second_earlier_than_the_peer_would) {
  EXPECT_EQ(kept_until(kNow, {.idle_timeout = 55s, .hint = 5s, .end_of_age = kNow + 1h}), kNow + 4s);
  EXPECT_EQ(kept_until(kNow, {.idle_timeout = 3s, .hint = 5s, .end_of_age = kNow + 1h}), kNow + 3s);
  EXPECT_LE(kept_until(kNow, {.idle_timeout = 55s, .hint = 1s, .end_of_age = kNow + 1h}), kNow);
}

TEST(KeptUntil, none_is_kept_beyond_its_age) {
  EXPECT_EQ(kept_until(kNow, {.idle_timeout = 55s, .end_of_age = kNow + 2s}), kNow + 2s);
  EXPECT_LE(kept_until(kNow, {.idle_timeout = 55s, .end_of_age = kNow}), kNow);
  EXPECT_LE(kept_until(kNow, {.idle_timeout = 55s, .end_of_age = kNow - 1s}), kNow);
}

TEST(EndOfAge, what_was_opened_together_ends_spread_over_the_last_quarter) {
  base::Random chance(7);
  base::TimePoint first = base::kNever;
  base::TimePoint last = kNow;
  for (int i = 0; i < 1000; ++i) {
    const base::TimePoint end = end_of_age(kNow, 1h, chance);
    first = std::min(first, end);
    last = std::max(last, end);
  }
  EXPECT_GE(first, kNow + 45min);
  EXPECT_LT(first, kNow + 46min);
  EXPECT_GT(last, kNow + 59min);
  EXPECT_LE(last, kNow + 60min);
}

}  // namespace
}  // namespace dujiang::adapters::http
