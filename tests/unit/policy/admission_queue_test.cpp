#include "policy/admission_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "base/random.hpp"
#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Reason = QueueRefusal::Reason;

constexpr std::size_t kNoLimit = 1'000'000;

bool always(std::string_view) { return true; }
bool never(std::string_view) { return false; }

QueueEntry entry(std::uint64_t id, base::TimePoint arrived, base::TimePoint deadline = at(1h)) {
  return {.id = id, .pool = "m", .arrived = arrived, .deadline = deadline, .not_before = arrived};
}

// Everything that may go at `now`, in order.
std::vector<std::uint64_t> admitted(AdmissionQueue& queue, base::TimePoint now) {
  std::vector<std::uint64_t> ids;
  while (auto id = queue.next(now, always)) ids.push_back(*id);
  return ids;
}

TEST(AdmissionQueue, AdmitsByClassAndThenByArrivalOfTheRequest) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  QueueEntry low = entry(1, at(0s));
  low.class_rank = 2;
  ASSERT_TRUE(queue.offer(low, at(0s)));
  ASSERT_TRUE(queue.offer(entry(2, at(3s)), at(3s)));
  ASSERT_TRUE(queue.offer(entry(3, at(2s)), at(3s)));  // a retry of an older request
  ASSERT_TRUE(queue.offer(entry(4, at(3s)), at(3s)));
  EXPECT_THAT(admitted(queue, at(3s)), ElementsAre(3, 2, 4, 1));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(AdmissionQueue, ACallPassesWhereNobodyWaitsAndNothingHoldsItBack) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 2));
  EXPECT_TRUE(queue.pass(entry(1, at(0s)), at(0s), always));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_FALSE(queue.pass(entry(2, at(0s)), at(0s), never)) << "without a slot";
  EXPECT_FALSE(queue.pass(entry(2, at(5s)), at(0s), always)) << "before its time";
  EXPECT_FALSE(queue.pass(entry(2, at(0s), at(1s)), at(1s), always)) << "past its deadline";
  EXPECT_TRUE(queue.pass(entry(2, at(0s)), at(0s), always)) << "the refused ones have paid nothing";
  EXPECT_FALSE(queue.pass(entry(3, at(0s)), at(0s), always)) << "with an empty bucket";
  ASSERT_TRUE(queue.offer(entry(3, at(0s)), at(0s)));
  EXPECT_FALSE(queue.pass(entry(4, at(1s)), at(1s), always)) << "past one who waits";
  EXPECT_THAT(admitted(queue, at(1s)), ElementsAre(3));
}

TEST(AdmissionQueue, ABackoffIsAnEntryThatMayNotGoYet) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  QueueEntry retry = entry(1, at(0s));
  retry.not_before = at(5s);
  ASSERT_TRUE(queue.offer(retry, at(1s)));
  ASSERT_TRUE(queue.offer(entry(2, at(1s)), at(1s)));
  EXPECT_THAT(admitted(queue, at(1s)), ElementsAre(2));
  EXPECT_EQ(queue.next_wake(at(1s)), at(5s));
  EXPECT_THAT(admitted(queue, at(4999ms)), IsEmpty());
  ASSERT_TRUE(queue.offer(entry(3, at(4s)), at(5s)));
  EXPECT_THAT(admitted(queue, at(5s)), ElementsAre(1, 3));  // it kept its place
}

TEST(AdmissionQueue, WhatOverflowsTheTokenBucketWaitsForItsTurn) {
  AdmissionQueue queue(kNoLimit, TokenBucket(10, 2));
  for (std::uint64_t id = 0; id < 5; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  EXPECT_THAT(admitted(queue, at(0s)), ElementsAre(0, 1));
  EXPECT_EQ(queue.next_wake(at(0s)), at(100ms));
  EXPECT_THAT(admitted(queue, at(99ms)), IsEmpty());
  EXPECT_THAT(admitted(queue, at(100ms)), ElementsAre(2));
  EXPECT_THAT(admitted(queue, at(1h - 1ms)), ElementsAre(3, 4));
}

TEST(AdmissionQueue, ACallThatTheBucketCannotServeInTimeIsRefusedAtOnce) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  for (std::uint64_t id = 0; id < 4; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  ASSERT_THAT(admitted(queue, at(0s)), ElementsAre(0));
  // Three wait for 1 s, 2 s and 3 s: a fourth would go at 4 s.
  const auto refused = queue.offer(entry(9, at(0s), at(4s)), at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 1s);
  EXPECT_TRUE(queue.offer(entry(9, at(0s), at(4001ms)), at(0s)));
  EXPECT_EQ(queue.size(), 4u);
}

TEST(AdmissionQueue, RetryAfterTellsWhenAnEqualCallWouldBeInTime) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  for (std::uint64_t id = 0; id < 20; ++id) ASSERT_TRUE(queue.offer(entry(id, at(0s)), at(0s)));
  const auto refused = queue.offer(entry(99, at(0s), at(5s)), at(0s));
  ASSERT_FALSE(refused);
  base::TimePoint now = at(0s);
  for (; now < at(refused.error().retry_after); now += 1s) admitted(queue, now);
  EXPECT_TRUE(queue.offer(entry(99, now, now + 5001ms), now));
}

TEST(AdmissionQueue, ABetterClassIsNotRefusedForWhatItOvertakes) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  for (std::uint64_t id = 0; id < 10; ++id) {
    QueueEntry low = entry(id, at(0s));
    low.class_rank = 1;
    ASSERT_TRUE(queue.offer(low, at(0s)));
  }
  EXPECT_TRUE(queue.offer(entry(10, at(0s), at(500ms)), at(0s)));
  QueueEntry low = entry(11, at(0s), at(5s));
  low.class_rank = 1;
  EXPECT_FALSE(queue.offer(low, at(0s)));
}

TEST(AdmissionQueue, ARetryIsNotRefusedForYoungerRequests) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  for (std::uint64_t id = 0; id < 10; ++id) ASSERT_TRUE(queue.offer(entry(id, at(5s)), at(5s)));
  ASSERT_THAT(admitted(queue, at(5s)), ElementsAre(0));
  ASSERT_TRUE(queue.offer(entry(10, at(0s), at(7s)), at(5s)));
  EXPECT_THAT(admitted(queue, at(6s)), ElementsAre(10));
}

TEST(AdmissionQueue, AFullQueueRefusesAtOnce) {
  AdmissionQueue queue(2, std::nullopt);
  ASSERT_TRUE(queue.offer(entry(1, at(0s)), at(0s)));
  ASSERT_TRUE(queue.offer(entry(2, at(0s)), at(0s)));
  const auto refused = queue.offer(entry(3, at(0s)), at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::full);
  EXPECT_EQ(refused.error().retry_after, 1s);
  ASSERT_TRUE(queue.remove(1));
  EXPECT_TRUE(queue.offer(entry(3, at(0s)), at(0s)));
}

TEST(AdmissionQueue, ABackoffBeyondTheDeadlineIsRefusedAtOnce) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  QueueEntry late = entry(1, at(0s), at(60s));
  late.not_before = at(300s);
  const auto refused = queue.offer(late, at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::too_late);
  EXPECT_EQ(refused.error().retry_after, 60s);  // an SDK that is told more gives up
  EXPECT_FALSE(queue.offer(entry(2, at(0s), at(1s)), at(1s)));
}

TEST(AdmissionQueue, APoolWithoutAFreeSlotDoesNotHoldUpAnother) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  QueueEntry pro = entry(1, at(0s));
  pro.pool = "pro";
  QueueEntry flash = entry(2, at(1s));
  flash.pool = "flash";
  ASSERT_TRUE(queue.offer(pro, at(1s)));
  ASSERT_TRUE(queue.offer(flash, at(1s)));
  const auto flash_only = [](std::string_view pool) { return pool == "flash"; };
  EXPECT_EQ(queue.next(at(1s), flash_only), 2u);
  EXPECT_EQ(queue.next(at(1s), flash_only), std::nullopt);
  EXPECT_EQ(queue.next(at(1s), always), 1u);
}

TEST(AdmissionQueue, TheBucketIsSharedByPoolsInOneOrder) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  for (std::uint64_t id = 0; id < 6; ++id) {
    QueueEntry each = entry(id, at(std::chrono::milliseconds(id)));
    each.pool = id % 2 == 0 ? "z" : "a";
    ASSERT_TRUE(queue.offer(each, at(10ms)));
  }
  for (std::uint64_t id = 0; id < 6; ++id) {
    EXPECT_THAT(admitted(queue, at(10ms + std::chrono::seconds(id))), ElementsAre(id));
  }
}

TEST(AdmissionQueue, WaitingForASlotWakesNobodyByTime) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  ASSERT_TRUE(queue.offer(entry(1, at(0s), at(60s)), at(0s)));
  EXPECT_EQ(queue.next(at(0s), never), std::nullopt);
  EXPECT_EQ(queue.next_wake(at(0s)), at(60s));
  EXPECT_EQ(queue.next(at(0s), always), 1u);  // nothing was paid for the refused turn
  EXPECT_EQ(queue.next_wake(at(0s)), base::kNever);
}

TEST(AdmissionQueue, ADearEntryIsNotOvertakenByCheapOnes) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 3));
  QueueEntry dear = entry(1, at(0s));
  dear.cost = 3;
  ASSERT_TRUE(queue.offer(entry(0, at(0s)), at(0s)));
  ASSERT_TRUE(queue.offer(dear, at(0s)));
  ASSERT_TRUE(queue.offer(entry(2, at(0s)), at(0s)));
  EXPECT_THAT(admitted(queue, at(0s)), ElementsAre(0));
  EXPECT_EQ(queue.next_wake(at(0s)), at(1s));
  EXPECT_THAT(admitted(queue, at(1s)), ElementsAre(1));
  EXPECT_THAT(admitted(queue, at(2s)), ElementsAre(2));
}

TEST(AdmissionQueue, WhoseDeadlineHasComeLeavesInOrderAndIsNeverAdmitted) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  ASSERT_TRUE(queue.offer(entry(1, at(0s), at(9s)), at(0s)));
  ASSERT_TRUE(queue.offer(entry(2, at(0s), at(5s)), at(0s)));
  QueueEntry paced = entry(3, at(0s), at(7s));
  paced.not_before = at(6s);
  ASSERT_TRUE(queue.offer(paced, at(0s)));
  ASSERT_TRUE(queue.offer(entry(4, at(0s), at(20s)), at(0s)));
  EXPECT_THAT(queue.expire(at(4999ms)), IsEmpty());
  EXPECT_EQ(queue.next(at(9s), always), 4u);
  EXPECT_EQ(queue.next(at(9s), always), std::nullopt);
  EXPECT_THAT(queue.expire(at(9s)), ElementsAre(2, 3, 1));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.next_wake(at(9s)), base::kNever);
}

TEST(AdmissionQueue, ACallerWhoHangsUpIsForgotten) {
  AdmissionQueue queue(kNoLimit, TokenBucket(1, 1));
  QueueEntry paced = entry(2, at(0s));
  paced.not_before = at(30s);
  ASSERT_TRUE(queue.offer(entry(1, at(0s)), at(0s)));
  ASSERT_TRUE(queue.offer(paced, at(0s)));
  EXPECT_TRUE(queue.remove(1));
  EXPECT_TRUE(queue.remove(2));
  EXPECT_FALSE(queue.remove(1));
  EXPECT_THAT(admitted(queue, at(59s)), IsEmpty());
  EXPECT_EQ(queue.next_wake(at(59s)), base::kNever);
}

TEST(AdmissionQueue, APoolThatNothingCanServeIsClearedInOrder) {
  AdmissionQueue queue(kNoLimit, std::nullopt);
  QueueEntry paced = entry(1, at(0s));
  paced.not_before = at(30s);
  QueueEntry other = entry(2, at(0s));
  other.pool = "other";
  ASSERT_TRUE(queue.offer(entry(3, at(1s)), at(1s)));
  ASSERT_TRUE(queue.offer(paced, at(1s)));
  ASSERT_TRUE(queue.offer(other, at(1s)));
  EXPECT_THAT(queue.clear("m"), ElementsAre(1, 3));
  EXPECT_THAT(queue.clear("m"), IsEmpty());
  EXPECT_THAT(admitted(queue, at(60s)), ElementsAre(2));
}

// A script drawn by chance, against a list of what must be in the queue.
class Script {
 public:
  explicit Script(std::uint64_t seed) : chance_(seed), queue_(200, TokenBucket(20, 5)) {}

  void step() {
    now_ += std::chrono::milliseconds(static_cast<int>(chance_.uniform() * 120));
    const double what = chance_.uniform();
    if (what < 0.6) offer();
    if (what >= 0.6 && what < 0.65) remove();
    if (what >= 0.65 && what < 0.9) admit();
    if (what >= 0.9) expire();
    ASSERT_EQ(queue_.size(), waiting_.size());
  }

  void drain() {
    while (!waiting_.empty()) {
      const base::TimePoint wake = queue_.next_wake(now_);
      ASSERT_NE(wake, base::kNever);
      ASSERT_GT(wake, now_);
      now_ = wake;
      expire();
      admit();
    }
    EXPECT_EQ(queue_.size(), 0u);
    EXPECT_EQ(queue_.next_wake(now_), base::kNever);
    EXPECT_EQ(offered_, gone_);
  }

  std::uint64_t admitted() const { return admitted_; }
  std::uint64_t refused() const { return refused_; }

 private:
  double draw(double most) { return chance_.uniform() * most; }
  base::Duration seconds(double count) {
    return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(count));
  }

  void offer() {
    QueueEntry made = entry(next_id_++, now_ - seconds(draw(3)), now_ + seconds(draw(20)));
    made.pool = std::string(1, static_cast<char>('a' + chance_.next() % 3));
    made.class_rank = static_cast<std::uint32_t>(chance_.next() % 3);
    made.not_before = chance_.uniform() < 0.5 ? now_ : now_ + seconds(draw(10));
    if (!queue_.offer(made, now_)) {
      ++refused_;
      return;
    }
    ++offered_;
    ASSERT_LT(waiting_.size(), 200u);
    waiting_.emplace(made.id, made);
  }

  void remove() {
    const std::uint64_t id = chance_.next() % (next_id_ + 1);
    const bool expected = waiting_.erase(id) == 1;
    ASSERT_EQ(queue_.remove(id), expected);
    gone_ += expected ? 1 : 0;
  }

  void expire() {
    for (const std::uint64_t id : queue_.expire(now_)) {
      ASSERT_TRUE(waiting_.contains(id));
      ASSERT_LE(waiting_.at(id).deadline, now_);
      waiting_.erase(id);
      ++gone_;
    }
    for (const auto& [id, each] : waiting_) ASSERT_GT(each.deadline, now_);
  }

  void admit() {
    const auto free = [this](std::string_view pool) {
      return free_[static_cast<std::size_t>(pool[0] - 'a')];
    };
    for (bool& each : free_) each = waiting_.size() > 100 || chance_.uniform() < 0.7;
    while (const auto id = queue_.next(now_, free)) {
      ASSERT_TRUE(waiting_.contains(*id));
      const QueueEntry chosen = waiting_.at(*id);
      ASSERT_TRUE(free(chosen.pool));
      ASSERT_LE(chosen.not_before, now_);
      ASSERT_GT(chosen.deadline, now_);
      for (const auto& [other_id, other] : waiting_) {
        if (!free(other.pool) || other.not_before > now_ || other.deadline <= now_) continue;
        ASSERT_LE(std::pair(chosen.class_rank, chosen.arrived), std::pair(other.class_rank, other.arrived));
      }
      waiting_.erase(*id);
      ++gone_;
      ++admitted_;
    }
  }

  base::Random chance_;
  AdmissionQueue queue_;
  base::TimePoint now_ = at(0s);
  std::map<std::uint64_t, QueueEntry> waiting_;
  std::array<bool, 3> free_{};
  std::uint64_t next_id_ = 0;
  std::uint64_t offered_ = 0;
  std::uint64_t gone_ = 0;
  std::uint64_t admitted_ = 0;
  std::uint64_t refused_ = 0;
};

TEST(AdmissionQueue, LosesNoEntryAndAdmitsInOrderWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Script script(seed);
    for (int i = 0; i < 4000; ++i) ASSERT_NO_FATAL_FAILURE(script.step());
    ASSERT_NO_FATAL_FAILURE(script.drain());
    EXPECT_GT(script.admitted(), 500u);
    EXPECT_GT(script.refused(), 0u);
  }
}

}  // namespace
}  // namespace dujiang::policy
