#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/epoll_loop.hpp"
#include "runtime/virtual_loop.hpp"

namespace dujiang::runtime {
namespace {

using namespace std::chrono_literals;

Task<int> ready(int value) { co_return value; }

Task<int> sum_of_ready(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await ready(1);
  co_return sum;
}

Task<void> store(Task<int> task, int& out) { out = co_await task; }

Task<void> note_at(Loop& loop, base::TimePoint at, std::string name, std::vector<std::string>& notes) {
  co_await sleep_until(loop, at);
  notes.push_back(std::move(name));
}

TEST(Task, AMillionChildrenThatNeverSuspendDoNotGrowTheStack) {
  VirtualLoop loop(1);
  int sum = 0;
  loop.spawn(store(sum_of_ready(1'000'000), sum));
  loop.run();
  EXPECT_EQ(sum, 1'000'000);
}

Task<std::string> greeting() { return done(std::string("hello")); }

Task<void> store_text(Task<std::string> task, std::string& out) { out = co_await task; }

TEST(Task, IsAwaitedWithoutAFrameWhereItIsDone) {
  VirtualLoop loop(1);
  std::string text;
  loop.spawn(store_text(greeting(), text));
  loop.spawn(done());
  loop.run();
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(loop.live_tasks(), 0u);
}

TEST(VirtualLoop, WakesSleepersInOrderOfTimeWhateverTheOrderOfSpawning) {
  VirtualLoop loop(1);
  const auto start = loop.now();
  std::vector<std::string> notes;
  loop.spawn(note_at(loop, start + 2s, "two", notes));
  loop.spawn(note_at(loop, start + 1s, "one", notes));
  loop.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(loop.now(), start + 2s);
  EXPECT_EQ(loop.live_tasks(), 0u);
}

Task<void> wait_twice(Signal& signal, std::vector<Wake>& wakes) {
  wakes.push_back(co_await signal.wait(base::after(signal.loop().now(), 1s)));
  wakes.push_back(co_await signal.wait(base::after(signal.loop().now(), 1s)));
}

TEST(Signal, ANotifyThatComesBeforeTheWaitIsRememberedOnce) {
  VirtualLoop loop(1);
  Signal signal(loop);
  std::vector<Wake> wakes;
  signal.notify();
  signal.notify();
  loop.spawn(wait_twice(signal, wakes));
  loop.run();
  EXPECT_EQ(wakes, (std::vector<Wake>{Wake::signalled, Wake::timeout}));
}

TEST(Loop, ATaskThatNeverEndsIsFreedWithItsLoop) {
  auto witness = std::make_shared<int>(1);
  {
    VirtualLoop loop(1);
    auto forever = [](Loop& l, std::shared_ptr<int> held) -> Task<void> {
      Signal never(l);
      co_await never.wait(base::kNever);
      (void)held;
    };
    loop.spawn(forever(loop, witness));
    loop.run();
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

Task<void> stop_after(EpollLoop& loop, base::Duration span, int turns, int& seen) {
  for (int i = 0; i < turns; ++i) {
    co_await sleep_until(loop, loop.now() + span);
    ++seen;
  }
  loop.stop();
}

Task<void> pass_the_ball(Signal& mine, Signal& other, const bool& enough) {
  while (!enough) {
    other.notify();
    co_await mine.wait(base::kNever);
  }
  other.notify();
}

Task<void> end_game(EpollLoop& loop, bool& enough) {
  co_await sleep_until(loop, loop.now() + 5ms);
  enough = true;
  co_await sleep_until(loop, loop.now() + 1ms);
  loop.stop();
}

TEST(EpollLoop, TasksThatWakeEachOtherForEverKeepNobodyFromHisTurn) {
  EpollLoop loop(1);
  Signal left(loop);
  Signal right(loop);
  bool enough = false;
  loop.spawn(pass_the_ball(left, right, enough));
  loop.spawn(pass_the_ball(right, left, enough));
  loop.spawn(end_game(loop, enough));
  loop.run();
  EXPECT_TRUE(enough);
}

TEST(EpollLoop, RunsTimersInRealTimeUntilStopped) {
  EpollLoop loop(1);
  int seen = 0;
  loop.spawn(stop_after(loop, 1ms, 5, seen));
  loop.run();
  EXPECT_EQ(seen, 5);
}

TEST(EpollLoop, RunsWorkThatAnotherThreadPosts) {
  EpollLoop loop(1);
  bool ran = false;
  std::thread([&] {
    loop.post([&] {
      ran = true;
      loop.stop();
    });
  }).join();
  loop.run();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace dujiang::runtime
