#include "policy/retry_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

RetryBudgetSpec with_reserve() { return {.share = 0.2, .window = 10s, .reserve_every = 10s}; }
RetryBudgetSpec without_reserve() { return {.share = 0.2, .window = 10s, .reserve_every = 0s}; }

TEST(RetryBudget, OneInFiveRequestsMayBeRepeated) {
  RetryBudget budget(without_reserve());
  for (int i = 0; i < 4; ++i) budget.deposit(at(0s));
  EXPECT_FALSE(budget.withdraw_by(at(0s), at(0s)));
  EXPECT_NEAR(budget.balance(at(0s)), 0.8, 1e-9);
  budget.deposit(at(0s));
  EXPECT_TRUE(budget.withdraw_by(at(0s), at(0s)));
  EXPECT_FALSE(budget.withdraw_by(at(0s), at(0s)));
  EXPECT_NEAR(budget.balance(at(0s)), 0, 1e-9);
}

TEST(RetryBudget, DepositsAreForgottenAfterTheWindow) {
  RetryBudget budget(without_reserve());
  for (int i = 0; i < 10; ++i) budget.deposit(at(0s));
  EXPECT_NEAR(budget.balance(at(9400ms)), 2, 1e-9);
  EXPECT_NEAR(budget.balance(at(10s)), 0, 1e-9);
  EXPECT_FALSE(budget.withdraw_by(at(10s), at(10s)));
}

TEST(RetryBudget, TheReserveGivesOnePerTenSecondsWhenNothingIsDeposited) {
  RetryBudget budget(with_reserve());
  EXPECT_NEAR(budget.balance(at(0s)), 1, 1e-9);
  EXPECT_TRUE(budget.withdraw_by(at(0s), at(0s)));
  EXPECT_FALSE(budget.withdraw_by(at(0s), at(0s)));
  EXPECT_FALSE(budget.withdraw_by(at(9999ms), at(9999ms)));
  EXPECT_NEAR(budget.balance(at(5s)), 0.5, 1e-9);
  EXPECT_TRUE(budget.withdraw_by(at(10s), at(10s)));
}

TEST(RetryBudget, IdlenessDoesNotFillTheReserve) {
  RetryBudget budget(with_reserve());
  EXPECT_TRUE(budget.withdraw_by(at(1h), at(1h)));
  EXPECT_FALSE(budget.withdraw_by(at(1h), at(1h)));
}

TEST(RetryBudget, ARepeatCanBookTheNextOfTheReserveIfThatIsInTime) {
  RetryBudget budget(with_reserve());
  EXPECT_EQ(budget.withdraw_by(at(0s), at(60s)), at(0s));
  EXPECT_EQ(budget.withdraw_by(at(1s), at(60s)), at(10s));
  EXPECT_EQ(budget.withdraw_by(at(2s), at(60s)), at(20s));
  EXPECT_EQ(budget.withdraw_by(at(3s), at(29s)), std::nullopt);
  EXPECT_EQ(budget.withdraw_by(at(3s), at(30s)), at(30s));
  EXPECT_FALSE(budget.withdraw_by(at(20s), at(20s)));
  for (int i = 0; i < 5; ++i) budget.deposit(at(21s));
  EXPECT_EQ(budget.withdraw_by(at(21s), at(60s)), at(21s));
}

TEST(RetryBudget, AtEveryWithdrawalTheWindowHoldsNoMoreThanItsShare) {
  base::Random chance(17);
  RetryBudget budget(without_reserve());
  std::vector<base::TimePoint> deposits;
  std::vector<base::TimePoint> withdrawals;
  base::TimePoint now = at(0s);
  const auto within = [&now](const std::vector<base::TimePoint>& events) {
    return std::ranges::count_if(events, [&](base::TimePoint t) { return t > now - 10s; });
  };
  for (int i = 0; i < 20'000; ++i) {
    // A rate that swings between 2 and 100 a second, with a silence now and then.
    const double rate = (i / 2000) % 2 == 0 ? 100 : 2;
    now += std::chrono::duration_cast<base::Duration>(
        std::chrono::duration<double>(chance.uniform() < 0.001 ? 12 : 2 * chance.uniform() / rate));
    if (chance.uniform() < 0.5) {
      budget.deposit(now);
      deposits.push_back(now);
    } else if (budget.withdraw_by(now, now)) {
      withdrawals.push_back(now);
      ASSERT_LE(static_cast<double>(within(withdrawals)), 0.2 * static_cast<double>(within(deposits)) + 1e-6);
    }
  }
  // Not stingy either: what the slices round off is small.
  EXPECT_GT(static_cast<double>(withdrawals.size()), 0.16 * static_cast<double>(deposits.size()));
}

}  // namespace
}  // namespace dujiang::policy
