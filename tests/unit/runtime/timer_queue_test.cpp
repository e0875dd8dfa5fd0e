#include "runtime/timer_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace dujiang::runtime {
namespace {

using namespace std::chrono_literals;

constexpr base::TimePoint kStart{1h};

class Note final : public Timer {
 public:
  Note(std::vector<std::string>& notes, std::string name) : notes_(notes), name_(std::move(name)) {}
  std::function<void()> also;

 private:
  void fire() override {
    notes_.push_back(name_);
    if (also) also();
  }

  std::vector<std::string>& notes_;
  std::string name_;
};

using Notes = std::vector<std::string>;

TEST(TimerQueue, ATimerThatMovesLaterFiresThenAndNotBefore) {
  TimerQueue queue;
  Notes notes;
  Note timer(notes, "a");
  queue.arm(timer, kStart + 1s);
  queue.arm(timer, kStart + 3s);
  EXPECT_EQ(queue.next(), kStart + 3s);
  queue.fire_due(kStart + 2s);
  EXPECT_TRUE(notes.empty());
  queue.fire_due(kStart + 3s);
  EXPECT_EQ(notes, Notes{"a"});
  EXPECT_FALSE(timer.armed());
}

TEST(TimerQueue, ATimerThatMovesEarlierFiresThen) {
  TimerQueue queue;
  Notes notes;
  Note late(notes, "late");
  Note moved(notes, "moved");
  queue.arm(late, kStart + 2s);
  queue.arm(moved, kStart + 3s);
  queue.arm(moved, kStart + 1s);
  EXPECT_EQ(queue.next(), kStart + 1s);
  queue.fire_due(kStart + 3s);
  EXPECT_EQ(notes, (Notes{"moved", "late"}));
}

TEST(TimerQueue, ADisarmedTimerIsForgottenAndCanBeArmedAgain) {
  TimerQueue queue;
  Notes notes;
  Note timer(notes, "a");
  queue.arm(timer, kStart + 1s);
  queue.disarm(timer);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(queue.next(), base::kNever);
  queue.arm(timer, kStart + 2s);
  queue.disarm(timer);
  queue.arm(timer, kStart + 1s);
  EXPECT_TRUE(timer.armed());
  EXPECT_EQ(queue.next(), kStart + 1s);
  queue.fire_due(kStart + 1s);
  EXPECT_EQ(notes, Notes{"a"});
}

TEST(TimerQueue, TheLineGoesAfterWhatIsDueAndInItsOwnOrder) {
  TimerQueue queue;
  Notes notes;
  Note due(notes, "due");
  Note first(notes, "first");
  Note second(notes, "second");
  queue.arm_soon(first);
  queue.arm_soon(second);
  queue.arm(due, kStart);
  EXPECT_EQ(queue.next(), TimerQueue::kSoon);
  queue.fire_due(kStart);
  EXPECT_EQ(notes, (Notes{"due", "first", "second"}));
}

TEST(TimerQueue, WhoJoinsTheLineWhileItIsServedWaitsForTheNextTurn) {
  TimerQueue queue;
  Notes notes;
  Note again(notes, "again");
  again.also = [&] { queue.arm_soon(again); };
  queue.arm_soon(again);
  queue.fire_due(kStart);
  EXPECT_EQ(notes, Notes{"again"});
  EXPECT_EQ(queue.next(), TimerQueue::kSoon);
  again.also = nullptr;
  queue.fire_due(kStart);
  EXPECT_EQ(notes, (Notes{"again", "again"}));
  EXPECT_EQ(queue.next(), base::kNever);
}

TEST(TimerQueue, ATimerMayLeaveTheLineOrDieWhileItIsServed) {
  TimerQueue queue;
  Notes notes;
  Note first(notes, "first");
  Note disarmed(notes, "disarmed");
  Note later(notes, "later");
  auto dead = std::make_unique<Note>(notes, "dead");
  first.also = [&] {
    queue.disarm(disarmed);
    queue.arm(later, kStart + 1s);
    dead.reset();
  };
  for (Timer* timer : {static_cast<Timer*>(&first), static_cast<Timer*>(&disarmed),
                       static_cast<Timer*>(&later), static_cast<Timer*>(dead.get())}) {
    queue.arm_soon(*timer);
  }
  queue.fire_due(kStart);
  EXPECT_EQ(notes, Notes{"first"});
  queue.fire_due(kStart + 1s);
  EXPECT_EQ(notes, (Notes{"first", "later"}));
}

TEST(TimerQueue, AnyMixOfArmingMovingDisarmingAndDyingFiresWhatAPlainListWould) {
  TimerQueue queue;
  base::Random chance(7);
  Notes notes;
  std::map<std::string, std::unique_ptr<Note>> timers;
  std::map<std::string, base::TimePoint> armed;
  base::TimePoint now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = std::to_string(chance.next() % 40);
    auto& timer = timers[name];
    switch (chance.next() % 8) {
      case 0:
        timer.reset();
        armed.erase(name);
        break;
      case 1:
        if (timer) queue.disarm(*timer);
        armed.erase(name);
        break;
      case 2: {
        now += std::chrono::milliseconds(chance.next() % 50);
        notes.clear();
        queue.fire_due(now);
        std::multimap<base::TimePoint, std::string> due;
        for (const auto& [who, at] : armed) {
          if (at <= now) due.emplace(at, who);
        }
        ASSERT_EQ(notes.size(), due.size());
        base::TimePoint last{};
        for (const std::string& who : notes) {
          ASSERT_TRUE(armed.contains(who) && armed[who] <= now) << who;
          ASSERT_GE(armed[who], last) << "out of order";
          last = armed[who];
          armed.erase(who);
        }
        break;
      }
      default:
        if (!timer) timer = std::make_unique<Note>(notes, name);
        armed[name] = now + std::chrono::milliseconds(1 + chance.next() % 200);
        queue.arm(*timer, armed[name]);
    }
    base::TimePoint next = base::kNever;
    for (const auto& [who, at] : armed) next = std::min(next, at);
    ASSERT_EQ(queue.next(), next) << "after step " << step;
  }
}

}  // namespace
}  // namespace dujiang::runtime
