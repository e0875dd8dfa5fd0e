#include "policy/waiting_caller.hpp"

#include <gtest/gtest.h>

#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

TEST(WaitingCaller, IsKeptAliveNotBeforeFifteenSecondsAndThenEveryFifteen) {
  WaitingCaller caller(at(0s), 15s);
  EXPECT_EQ(caller.due(), at(15s));
  caller.on_written(at(15s));
  EXPECT_EQ(caller.due(), at(30s));
}

TEST(WaitingCaller, NeedsNoSignWhileAnAnswerFlows) {
  WaitingCaller caller(at(0s), 15s);
  for (int second = 1; second < 100; ++second) {
    caller.on_written(at(std::chrono::seconds(second)));
    ASSERT_GT(caller.due(), at(std::chrono::seconds(second + 14)));
  }
}

TEST(WaitingCaller, GetsNoSignWhereTheyAreOff) {
  WaitingCaller caller(at(0s), std::nullopt, 10s);
  EXPECT_EQ(caller.due(), base::kNever);
  caller.on_written(at(5s));
  EXPECT_EQ(caller.due(), base::kNever);
}

TEST(WaitingCaller, WhoBearsLittleSilenceGetsTheSignSooner) {
  EXPECT_EQ(WaitingCaller(at(0s), 15s, 600s).due(), at(15s));
  EXPECT_EQ(WaitingCaller(at(0s), 15s, 9s).due(), at(6s));
  EXPECT_EQ(WaitingCaller(at(0s), 15s, 1ms).due(), at(100ms));
}

}  // namespace
}  // namespace dujiang::policy
