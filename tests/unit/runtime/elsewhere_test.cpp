#include "runtime/elsewhere.hpp"

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

Task<void> note_at(Loop& loop, base::TimePoint at, std::string name, std::vector<std::string>& notes) {
  co_await sleep_until(loop, at);
  notes.push_back(std::move(name));
}

TEST(VirtualLoop, SeveralThatRunTogetherShareOneClock) {
  VirtualLoop a(1);
  VirtualLoop b(2);
  const base::TimePoint start = a.now();
  std::vector<std::string> notes;
  a.spawn(note_at(a, start + 1s, "a1", notes));
  a.spawn(note_at(a, start + 3s, "a3", notes));
  b.spawn(note_at(b, start + 2s, "b2", notes));
  VirtualLoop::run_together({&a, &b});
  EXPECT_EQ(notes, (std::vector<std::string>{"a1", "b2", "a3"}));
  EXPECT_EQ(b.now(), start + 3s);
  VirtualLoop::run_together({&a, &b}, start + 5s);
  EXPECT_EQ(a.now(), start + 5s);
  EXPECT_EQ(b.now(), start + 5s);
}

TEST(VirtualLoop, WhatIsPostedRunsInOrderAndNoTimePasses) {
  VirtualLoop loop(1);
  const base::TimePoint start = loop.now();
  std::vector<std::string> notes;
  loop.post([&] {
    notes.emplace_back("first");
    loop.post([&] { notes.emplace_back("third"); });
  });
  loop.post([&] { notes.emplace_back("second"); });
  EXPECT_TRUE(notes.empty());
  loop.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"first", "second", "third"}));
  EXPECT_EQ(loop.now(), start);
}

// Notes on which loop's turn it runs: a loop that is here runs `work` before another statement.
Task<void> ask(Loop& here, Loop& there, std::vector<std::string>& notes) {
  auto answer = co_await call_on(here, there, [&notes] {
    notes.emplace_back("work");
    return std::make_unique<int>(42);
  });
  notes.push_back("answer " + std::to_string(*answer));
}

TEST(CallOn, TheSameLoopRunsTheWorkWithoutATurn) {
  VirtualLoop loop(1);
  std::vector<std::string> notes;
  loop.spawn(ask(loop, loop, notes));
  loop.spawn(note_at(loop, loop.now(), "another task", notes));
  loop.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"work", "answer 42", "another task"}));
}

TEST(CallOn, AnotherLoopRunsTheWorkInItsTurnAndTheAnswerComesBack) {
  VirtualLoop here(1);
  VirtualLoop there(2);
  std::vector<std::string> notes;
  here.spawn(ask(here, there, notes));
  here.run();
  EXPECT_TRUE(notes.empty()) << "the other loop has not had a turn";
  there.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"work"}));
  here.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"work", "answer 42"}));
}

Task<int> nap(Loop& loop, base::Duration span) {
  co_await sleep_until(loop, base::after(loop.now(), span));
  co_return 7;
}

Task<void> ask_for_a_nap(Loop& here, Loop& there, int& out) {
  out = co_await await_on(here, there, [&there] { return nap(there, 1s); });
}

TEST(AwaitOn, ATaskRunsOnTheOtherLoopToItsEnd) {
  VirtualLoop here(1);
  VirtualLoop there(2);
  int out = 0;
  here.spawn(ask_for_a_nap(here, there, out));
  VirtualLoop::run_together({&here, &there}, here.now() + 999ms);
  EXPECT_EQ(out, 0);
  VirtualLoop::run_together({&here, &there});
  EXPECT_EQ(out, 7);
}

// Asks the other loop 10,000 times, one after the other, then stops both.
Task<void> ask_often(EpollLoop& here, EpollLoop& there, int& counted_there, int& heard_here) {
  for (int i = 0; i < 10'000; ++i) {
    heard_here += co_await call_on(here, there, [&counted_there] { return ++counted_there; });
  }
  there.stop();
  here.stop();
}

TEST(CallOn, LoopsOnThreadsOfTheirOwnShareNothingButTheirMessages) {
  EpollLoop a;
  EpollLoop b;
  int counted = 0;
  int heard = 0;
  a.spawn(ask_often(a, b, counted, heard));
  std::thread thread([&b] { b.run(); });
  a.run();
  thread.join();
  EXPECT_EQ(counted, 10'000);
  EXPECT_EQ(heard, 10'000 * 10'001 / 2);
}

}  // namespace
}  // namespace dujiang::runtime
