#include <gtest/gtest.h>

#include <chrono>

#include "adapters/http/client_idle.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;

constexpr base::TimePoint kStart{std::chrono::hours(1)};

TEST(IdleStack, GivesTheNewestFirst) {
  IdleStack<int> stack(10);
  for (const int i : {1, 2, 3}) stack.put(i, kStart, kStart + 1s);
  EXPECT_EQ(stack.take(kStart), 3);
  EXPECT_EQ(stack.take(kStart), 2);
  EXPECT_EQ(stack.take(kStart), 1);
  EXPECT_EQ(stack.take(kStart), std::nullopt);
}

TEST(IdleStack, LetsTheOldestGoWhenFull) {
  IdleStack<int> stack(2);
  for (const int i : {1, 2, 3}) stack.put(i, kStart, kStart + 1s);
  EXPECT_EQ(stack.size(), 2u);
  EXPECT_EQ(stack.take(kStart), 3);
  EXPECT_EQ(stack.take(kStart), 2);
}

TEST(IdleStack, KeepsNothingWithoutRoom) {
  IdleStack<int> stack(0);
  stack.put(1, kStart, kStart + 1s);
  EXPECT_EQ(stack.take(kStart), std::nullopt);
}

TEST(IdleStack, GivesWhatHasRestedForLongOnlyToWhoTakesIt) {
  IdleStack<int> stack(10);
  stack.put(1, kStart, kStart + 1h);
  stack.put(2, kStart + 5s, kStart + 1h);
  EXPECT_EQ(stack.take(kStart + 6s, kStart + 5s), 2);
  EXPECT_EQ(stack.take(kStart + 6s, kStart + 5s), std::nullopt);
  EXPECT_EQ(stack.take(kStart + 6s), 1) << "it stays for others";
}

TEST(IdleStack, NeverGivesWhatHasExpired) {
  IdleStack<int> stack(10);
  stack.put(1, kStart, kStart + 5s);
  stack.put(2, kStart, kStart + 1s);
  EXPECT_EQ(stack.next_expiry(), kStart + 1s);
  EXPECT_EQ(stack.take(kStart + 1s), 1);
  stack.put(3, kStart, kStart + 2s);
  stack.drop_expired(kStart + 2s);
  EXPECT_EQ(stack.size(), 0u);
  EXPECT_EQ(stack.next_expiry(), base::kNever);
}

}  // namespace
}  // namespace dujiang::adapters::http
