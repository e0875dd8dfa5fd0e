#include "policy/accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "base/random.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

using Permit = Accounts::Permit;
using Refused = Accounts::Refused;

route::AccountSpec account(std::string name, int keys, std::optional<std::uint32_t> max_concurrent = {}) {
  route::AccountSpec spec;
  spec.name = std::move(name);
  for (int i = 0; i < keys; ++i) spec.keys.emplace_back("sk-" + spec.name + std::to_string(i));
  spec.max_concurrent = max_concurrent;
  return spec;
}

Accounts make(std::vector<route::AccountSpec> accounts) {
  route::UpstreamSpec spec;
  spec.accounts = std::move(accounts);
  return Accounts(spec);
}

Permit take(Accounts& accounts, base::TimePoint now, std::string_view model = "m") {
  std::optional<Permit> permit = accounts.take(model, now);
  EXPECT_TRUE(permit.has_value());
  return permit.value_or(Permit{});
}

TEST(Accounts, TakeTurnsWhileEquallyBusy) {
  Accounts accounts = make({account("a", 1), account("b", 1), account("c", 1)});
  for (int round = 0; round < 2; ++round) {
    for (const char* expected : {"a", "b", "c"}) {
      const Permit permit = take(accounts, at(0s));
      EXPECT_EQ(permit.account_name(), expected);
      accounts.release(permit, at(0s));
    }
  }
}

TEST(Accounts, TheOneWithTheFewestCallsOfThatModelGoesFirst) {
  Accounts accounts = make({account("a", 1), account("b", 1)});
  const Permit first = take(accounts, at(0s));
  const Permit second = take(accounts, at(0s));
  const Permit third = take(accounts, at(0s));
  ASSERT_EQ(first.account, third.account);
  accounts.release(first, at(0s));
  accounts.release(third, at(0s));
  EXPECT_EQ(take(accounts, at(0s)).account, first.account);
  EXPECT_EQ(accounts.slots_used(second.account_name(), "m"), 1u);
}

TEST(Accounts, ASlotIsHeldUntilReleasedAndCountedPerModel) {
  Accounts accounts = make({account("a", 1, 2)});
  const Permit first = take(accounts, at(0s));
  take(accounts, at(0s));
  EXPECT_FALSE(accounts.can_take("m", at(0s)));
  EXPECT_FALSE(accounts.take("m", at(0s)));
  EXPECT_TRUE(accounts.can_take("other", at(0s)));
  accounts.release(first, at(0s));
  EXPECT_TRUE(accounts.can_take("m", at(0s)));
}

TEST(Accounts, KeysOfAnAccountTakeTurnsAndShareItsSlots) {
  Accounts accounts = make({account("a", 2, 2)});
  EXPECT_EQ(take(accounts, at(0s)).secret(), "sk-a0");
  EXPECT_EQ(take(accounts, at(0s)).secret(), "sk-a1");
  EXPECT_FALSE(accounts.can_take("m", at(0s)));
}

TEST(Accounts, Rule6_AnAccountWithoutMoneyIsOutForTenMinutesWithAllItsKeys) {
  Accounts accounts = make({account("a", 2), account("b", 1)});
  Permit permit = take(accounts, at(0s));
  EXPECT_TRUE(accounts.take_out(permit, Refused::account, at(0s)));
  accounts.release(permit, at(0s));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take(accounts, at(599s)).account_name(), "b");
  EXPECT_EQ(accounts.back_at(at(1s)), at(1s));
  EXPECT_EQ(take(accounts, at(600s)).account_name(), "a");
}

TEST(Accounts, Rule6_ARefusedKeyIsOutAloneWhileItsAccountHasAnother) {
  Accounts accounts = make({account("a", 2)});
  Permit permit = take(accounts, at(0s));
  ASSERT_EQ(permit.secret(), "sk-a0");
  accounts.take_out(permit, Refused::key, at(0s));
  EXPECT_EQ(accounts.back_at(at(0s)), at(0s));
  Permit other = take(accounts, at(1s));
  EXPECT_EQ(other.secret(), "sk-a1");
  EXPECT_EQ(take(accounts, at(1s)).secret(), "sk-a1");
  accounts.take_out(other, Refused::key, at(1s));
  EXPECT_FALSE(accounts.can_take("m", at(2s)));
  EXPECT_EQ(accounts.back_at(at(2s)), at(600s));
  EXPECT_EQ(accounts.next_change("m", at(2s)), at(600s));
}

TEST(Accounts, AnAbsenceEndsWithOneProbeAtATime) {
  Accounts accounts = make({account("a", 1)});
  Permit permit = take(accounts, at(0s));
  accounts.take_out(permit, Refused::account, at(0s));
  accounts.release(permit, at(0s));
  EXPECT_FALSE(accounts.can_take("m", at(599s)));

  Permit probe = take(accounts, at(600s));
  EXPECT_TRUE(probe.probes_account);
  EXPECT_FALSE(accounts.can_take("m", at(601s)));
  EXPECT_EQ(accounts.back_at(at(601s)), at(601s));  // about to be known: worth a wait
  accounts.accepted(probe);
  EXPECT_TRUE(accounts.can_take("m", at(601s)));
  EXPECT_FALSE(take(accounts, at(601s)).probes_account);
}

TEST(Accounts, AProbeThatToldNothingIsFollowedByAnother) {
  for (const Refused what : {Refused::key, Refused::account}) {
    Accounts accounts = make({account("a", 1)});
    Permit permit = take(accounts, at(0s));
    accounts.take_out(permit, what, at(0s));
    const Permit probe = take(accounts, at(600s));
    EXPECT_TRUE(what == Refused::key ? probe.probes_key : probe.probes_account);
    accounts.release(probe, at(601s));
    ASSERT_TRUE(accounts.can_take("m", at(601s)));
    const Permit next = take(accounts, at(601s));
    EXPECT_TRUE(what == Refused::key ? next.probes_key : next.probes_account);
  }
}

TEST(Accounts, ARefusedProbeDoublesTheAbsenceUpToTwoHours) {
  Accounts accounts = make({account("a", 1)});
  Permit permit = take(accounts, at(0s));
  accounts.take_out(permit, Refused::account, at(0s));
  base::TimePoint now = at(600s);
  for (const base::Duration absence : {base::Duration(20min), base::Duration(40min), base::Duration(80min),
                                       base::Duration(2h), base::Duration(2h)}) {
    Permit probe = take(accounts, now);
    accounts.take_out(probe, Refused::account, now);
    accounts.release(probe, now);
    EXPECT_EQ(accounts.back_at(now), now + absence);
    now += absence;
  }
  Permit probe = take(accounts, now);
  accounts.accepted(probe);
  accounts.take_out(probe, Refused::account, now);
  EXPECT_EQ(accounts.back_at(now), now + 10min);
}

TEST(Accounts, CallsInFlightThatAreRefusedTooDoNotProlongTheAbsence) {
  Accounts accounts = make({account("a", 1)});
  std::array<Permit, 3> permits{take(accounts, at(0s)), take(accounts, at(0s)), take(accounts, at(0s))};
  for (Permit& permit : permits) accounts.take_out(permit, Refused::account, at(5s));
  EXPECT_EQ(accounts.back_at(at(5s)), at(605s));
}

TEST(Accounts, ALateSuccessOfAnOlderCallDoesNotEndAnAbsence) {
  Accounts accounts = make({account("a", 1)});
  Permit older = take(accounts, at(0s));
  Permit refused = take(accounts, at(1s));
  accounts.take_out(refused, Refused::account, at(1s));
  accounts.accepted(older);
  EXPECT_FALSE(accounts.can_take("m", at(2s)));
}

TEST(Accounts, AFinishedProbeLeavesTheNextOneAlone) {
  Accounts accounts = make({account("a", 1)});
  Permit permit = take(accounts, at(0s));
  accounts.take_out(permit, Refused::account, at(0s));
  Permit first = take(accounts, at(600s));
  accounts.accepted(first);
  Permit other = take(accounts, at(601s));
  accounts.take_out(other, Refused::account, at(601s));
  const Permit second = take(accounts, at(1201s));
  ASSERT_TRUE(second.probes_account);
  accounts.release(first, at(1202s));
  EXPECT_FALSE(accounts.can_take("m", at(1202s)));
}

TEST(Accounts, AFullAccountPausesForThatModelOnly) {
  Accounts accounts = make({account("a", 1), account("b", 1)});
  const Permit permit = take(accounts, at(0s));
  accounts.pause(permit, at(250ms), at(0s));
  accounts.release(permit, at(0s));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(take(accounts, at(249ms)).account_name(), "b");
  EXPECT_EQ(take(accounts, at(249ms), "other").account_name(), "a");
  EXPECT_EQ(accounts.next_change("m", at(100ms)), at(250ms));
  EXPECT_EQ(accounts.back_at(at(100ms)), at(100ms));
  EXPECT_EQ(take(accounts, at(250ms)).account_name(), "a");
}

TEST(Accounts, Rule6_TheCallersOwnKeyTakesNobodyElseOut) {
  route::UpstreamSpec spec;
  spec.pass_through_key = true;
  spec.accounts = {account("ours", 2, 5)};
  for (Accounts accounts : {Accounts(spec), make({}), make({account("keyless", 0)})}) {
    ASSERT_EQ(accounts.size(), 1u);
    Permit permit = take(accounts, at(0s));
    EXPECT_EQ(permit.secret(), "");
    EXPECT_FALSE(accounts.take_out(permit, Refused::key, at(0s)));
    EXPECT_FALSE(accounts.take_out(permit, Refused::account, at(0s)));
    accounts.pause(permit, at(10s), at(0s));
    accounts.release(permit, at(0s));
    EXPECT_TRUE(accounts.can_take("m", at(0s)));
  }
}

TEST(Accounts, NoAccountEverHoldsMoreThanItsSlotsAndNoneIsLost) {
  base::Random chance(23);
  Accounts accounts = make({account("a", 2, 3), account("b", 1, 5), account("c", 3)});
  const std::map<std::string, std::uint32_t> limits{{"a", 3}, {"b", 5}, {"c", UINT32_MAX}};
  std::vector<Permit> held;
  base::TimePoint now = at(0s);
  const std::array<std::string, 2> models{"flash", "pro"};
  for (int i = 0; i < 50'000; ++i) {
    now += std::chrono::milliseconds(static_cast<int>(chance.uniform() * 2000));
    const std::string& model = models[chance.next() % 2];
    if (chance.uniform() < 0.55) {
      const bool can = accounts.can_take(model, now);
      auto permit = accounts.take(model, now);
      ASSERT_EQ(can, permit.has_value());
      if (permit) held.push_back(*std::move(permit));
      if (held.size() > 40) {
        accounts.release(held.front(), now);
        held.erase(held.begin());
      }
    } else if (!held.empty()) {
      const std::size_t which = chance.next() % held.size();
      Permit permit = held[which];
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
      const double fate = chance.uniform();
      if (fate < 0.05) accounts.take_out(permit, Refused::key, now);
      if (fate > 0.05 && fate < 0.1) accounts.take_out(permit, Refused::account, now);
      if (fate > 0.1 && fate < 0.2) accounts.pause(permit, now + 250ms, now);
      if (fate > 0.2) accounts.accepted(permit);
      accounts.release(permit, now);
    }
    std::map<std::pair<std::string, std::string>, std::uint32_t> in_use;
    for (const Permit& permit : held) ++in_use[{permit.account_name(), permit.model}];
    for (const auto& [a, limit] : limits) {
      for (const std::string& m : models) {
        ASSERT_EQ(accounts.slots_used(a, m), (in_use[{a, m}]));
        ASSERT_LE(accounts.slots_used(a, m), limit);
      }
    }
  }
}

}  // namespace
}  // namespace dujiang::policy
