// A change of configuration under living policies: limits are the new ones, what happened so far still
// counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "policy/accounts.hpp"
#include "policy/admission_queue.hpp"
#include "policy/retry_budget.hpp"
#include "policy/token_bucket.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

using Refused = Accounts::Refused;

int calls_at_once(TokenBucket& bucket, base::TimePoint now) {
  int calls = 0;
  while (bucket.take(now)) ++calls;
  return calls;
}

TokenBucket changed(const TokenBucket& before, double per_second, double burst, base::TimePoint now) {
  TokenBucket bucket(per_second, burst);
  bucket.inherit(before, now);
  return bucket;
}

TEST(AdoptingARate, AnEmptyBucketStaysEmptyAndFillsAtTheNewRate) {
  TokenBucket bucket(1, 5);
  EXPECT_EQ(calls_at_once(bucket, at(0s)), 5);
  TokenBucket faster = changed(bucket, 10, 20, at(0s));
  EXPECT_EQ(calls_at_once(faster, at(0s)), 0);
  EXPECT_EQ(faster.next_allowed(at(0s)), at(100ms));
  EXPECT_EQ(calls_at_once(faster, at(1s)), 10);
}

TEST(AdoptingARate, WhatIsLeftIsKeptUpToTheNewBurst) {
  TokenBucket bucket(1, 10);
  for (int i = 0; i < 4; ++i) bucket.take(at(0s));
  TokenBucket same = changed(bucket, 1, 10, at(0s));
  EXPECT_EQ(calls_at_once(same, at(0s)), 6);
  TokenBucket smaller = changed(bucket, 1, 3, at(0s));
  EXPECT_EQ(calls_at_once(smaller, at(0s)), 3);
}

TEST(AdoptingARate, ManyChangesInARowHandNothingOut) {
  TokenBucket bucket(2, 4);
  EXPECT_EQ(calls_at_once(bucket, at(0s)), 4);
  for (int i = 0; i < 100; ++i) bucket = changed(bucket, 2 + i % 3, 4 + i % 2, at(0s));
  EXPECT_EQ(calls_at_once(bucket, at(0s)), 0);
}

QueueEntry entry(std::uint64_t id, base::TimePoint arrived) {
  return {.id = id, .pool = "m", .arrived = arrived, .deadline = at(60s), .not_before = arrived};
}

std::vector<std::uint64_t> admitted(AdmissionQueue& queue, base::TimePoint now) {
  std::vector<std::uint64_t> ids;
  while (const auto id = queue.next(now, [](std::string_view) { return true; })) ids.push_back(*id);
  return ids;
}

TEST(AdoptingAQueue, WhoWaitsKeepsHisPlaceUnderTheNewRate) {
  AdmissionQueue queue(10, TokenBucket(0.1, 1));
  for (std::uint64_t id = 1; id <= 4; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  EXPECT_THAT(admitted(queue, at(0s)), ::testing::ElementsAre(1));
  queue.adopt(10, TokenBucket(1, 1), at(0s));
  EXPECT_EQ(queue.next_wake(at(0s)), at(1s));
  EXPECT_THAT(admitted(queue, at(1s)), ::testing::ElementsAre(2));
  queue.adopt(10, std::nullopt, at(1s));
  EXPECT_THAT(admitted(queue, at(1s)), ::testing::ElementsAre(3, 4));
}

TEST(AdoptingAQueue, ASmallerLimitTurnsAwayNewcomersOnly) {
  AdmissionQueue queue(10, TokenBucket(1, 1));
  for (std::uint64_t id = 1; id <= 4; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  queue.adopt(2, TokenBucket(1, 1), at(0s));
  EXPECT_EQ(queue.size(), 4u);
  const auto fifth = queue.offer(entry(5, at(0s)), at(0s));
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().reason, QueueRefusal::Reason::full);
  queue.adopt(5, TokenBucket(1, 1), at(0s));
  EXPECT_TRUE(queue.offer(entry(5, at(0s)), at(0s)));
}

TEST(AdoptingAQueue, ALimitThatIsNewBeginsWithAFullBucket) {
  AdmissionQueue queue(10, std::nullopt);
  queue.adopt(10, TokenBucket(1, 2), at(0s));
  for (std::uint64_t id = 1; id <= 4; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  EXPECT_THAT(admitted(queue, at(0s)), ::testing::ElementsAre(1, 2));
}

TEST(AdoptingABudget, WhatWasSentAndDrawnStillCounts) {
  RetryBudget budget({.share = 0.1});
  for (int i = 0; i < 20; ++i) budget.deposit(at(0s));
  EXPECT_TRUE(budget.withdraw_by(at(0s), at(0s)));
  budget.adopt(0.2, {});
  EXPECT_DOUBLE_EQ(budget.balance(at(0s)), 3);
  budget.adopt(0.05, {});
  EXPECT_DOUBLE_EQ(budget.balance(at(0s)), 0);
  EXPECT_FALSE(budget.withdraw_by(at(0s), at(0s)));
}

TEST(AdoptingABudget, TheReserveKeepsItsDistanceFromTheLastOneDrawn) {
  RetryBudget budget({.share = 0, .reserve_every = 60s});
  EXPECT_TRUE(budget.withdraw_by(at(0s), at(0s)));
  budget.adopt(0, 10s);
  EXPECT_FALSE(budget.withdraw_by(at(9s), at(9s)));
  EXPECT_TRUE(budget.withdraw_by(at(10s), at(10s)));
  budget.adopt(0, 30s);
  EXPECT_FALSE(budget.withdraw_by(at(39s), at(39s)));
  EXPECT_TRUE(budget.withdraw_by(at(40s), at(40s)));
}

route::AccountSpec account(std::string name, const std::vector<std::string>& keys,
                           std::optional<std::uint32_t> max_concurrent = {}) {
  route::AccountSpec spec{.name = std::move(name), .keys = {}, .max_concurrent = max_concurrent};
  for (const std::string& key : keys) spec.keys.emplace_back(key);
  return spec;
}

route::UpstreamSpec upstream(std::vector<route::AccountSpec> accounts) {
  route::UpstreamSpec spec;
  spec.accounts = std::move(accounts);
  return spec;
}

TEST(AdoptingAccounts, SlotsInUseCountUnderTheNewLimit) {
  Accounts accounts(upstream({account("a", {"k"}, 3)}));
  const auto first = accounts.take("m", at(0s));
  const auto second = accounts.take("m", at(0s));
  accounts.adopt(upstream({account("b", {"l"}, 0), account("a", {"k"}, 2)}));
  EXPECT_EQ(accounts.slots_used("a", "m"), 2u);
  EXPECT_FALSE(accounts.can_take("m", at(0s)));
  accounts.release(*first, at(0s));
  EXPECT_TRUE(accounts.can_take("m", at(0s)));
  accounts.release(*second, at(0s));
  EXPECT_EQ(accounts.slots_used("a", "m"), 0u);
}

TEST(AdoptingAccounts, APermitOutlivesItsAccountAndItsKey) {
  Accounts accounts(upstream({account("a", {"k"}, 1)}));
  auto permit = accounts.take("m", at(0s));
  accounts.adopt(upstream({account("b", {"l"}, 1)}));
  EXPECT_EQ(permit->secret(), "k");
  EXPECT_EQ(permit->account_name(), "a");
  EXPECT_EQ(accounts.take("m", at(0s))->secret(), "l");
  accounts.take_out(*permit, Refused::account, at(0s));
  accounts.release(*permit, at(0s));
  EXPECT_EQ(accounts.slots_used("b", "m"), 1u);
  EXPECT_EQ(accounts.back_at(at(0s)), at(0s));
}

TEST(AdoptingAccounts, WhatIsOutOfUseStaysSo) {
  Accounts accounts(upstream({account("a", {"k", "l"})}));
  auto permit = accounts.take("m", at(0s));
  accounts.take_out(*permit, Refused::key, at(0s));
  accounts.adopt(upstream({account("a", {"l", "k", "new"})}));
  for (int i = 0; i < 4; ++i) EXPECT_NE(accounts.take("m", at(1s))->secret(), "k");
  accounts.take_out(*permit, Refused::account, at(1s));
  accounts.adopt(upstream({account("a", {"k", "new"})}));
  EXPECT_FALSE(accounts.can_take("m", at(2s)));
}

TEST(AdoptingAccounts, APauseStaysToo) {
  Accounts accounts(upstream({account("a", {"k"})}));
  const auto permit = accounts.take("m", at(0s));
  accounts.pause(*permit, at(5s), at(0s));
  accounts.adopt(upstream({account("a", {"k"}, 7)}));
  EXPECT_FALSE(accounts.can_take("m", at(4s)));
  EXPECT_TRUE(accounts.can_take("m", at(5s)));
}

TEST(AdoptingAccounts, AnAccountWhoseKeysAreAllNewIsAnotherOneToItsProvider) {
  Accounts accounts(upstream({account("a", {"k"})}));
  auto permit = accounts.take("m", at(0s));
  accounts.take_out(*permit, Refused::account, at(0s));
  accounts.adopt(upstream({account("a", {"topped-up"})}));
  EXPECT_TRUE(accounts.can_take("m", at(1s)));
  // A call that was under way hears about the old one.
  EXPECT_TRUE(accounts.take_out(*permit, Refused::account, at(1s)));
  EXPECT_TRUE(accounts.can_take("m", at(1s)));
}

TEST(AdoptingAccounts, FromKeysToTheCallersOwnAndBack) {
  auto spec = upstream({account("a", {"k"}, 1)});
  Accounts accounts(spec);
  const auto with_key = accounts.take("m", at(0s));
  spec.pass_through_key = true;
  accounts.adopt(spec);
  accounts.release(*with_key, at(0s));
  EXPECT_EQ(accounts.take("m", at(0s))->secret(), "");
  EXPECT_FALSE(accounts.can_take("m", at(0s)));
  spec.pass_through_key = false;
  accounts.adopt(spec);
  EXPECT_EQ(accounts.slots_used("a", "m"), 1u);
}

}  // namespace
}  // namespace dujiang::policy
