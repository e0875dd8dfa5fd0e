// One event loop: the clock, the chance and the timers of everything that lives on it.
//
// Everything made on a loop stays on its thread; nothing here is locked, and only post() may be called from
// another thread. EpollLoop runs in real time, VirtualLoop in simulated time: the same coroutines run on
// both.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "runtime/task.hpp"
#include "runtime/timer_queue.hpp"

namespace dujiang::runtime {

class Loop {
 public:
  explicit Loop(std::uint64_t seed) : random_(seed) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop();

  // The clock may stand still while the loop is at work on one turn.
  virtual base::TimePoint now() const = 0;
  virtual base::WallTime wall_now() const = 0;
  base::Random& random() { return random_; }

  // Arms a timer; it fires in a later turn of the loop, never inside this call.
  void arm(Timer& timer, base::TimePoint at) {
    if (at > now()) return timers_.arm(timer, at);
    timers_.arm_soon(timer);
  }

  // Arms a timer for the next turn, after everything armed so before, and after what is due already: who asks
  // for a turn again and again keeps nobody else from his.
  void arm_soon(Timer& timer) { timers_.arm_soon(timer); }

  // Runs `work` in a later turn of the loop, after whatever was posted before. May be called from another
  // thread. What never runs is destroyed with the loop.
  virtual void post(std::move_only_function<void()> work) = 0;

  // Runs a task on its own, starting in a later turn; its frame is freed when it ends, or with the loop.
  // An exception that leaves it is a defect and ends the program.
  void spawn(Task<void> task);

  // Tasks spawned and not yet ended.
  std::size_t live_tasks() const { return live_tasks_.size(); }

 protected:
  // TimerQueue::kSoon where something is due in the next turn.
  base::TimePoint next_timer() { return timers_.next(); }
  void fire_due() { timers_.fire_due(now()); }

  // Destroys the frames of tasks that have not ended; a derived class calls it before its members go.
  void drop_tasks();

 private:
  class Detached;
  static Detached run_detached(Loop& loop, Task<void> task);

  base::Random random_;
  TimerQueue timers_;
  std::vector<std::coroutine_handle<>> live_tasks_;
};

enum class Wake { signalled, timeout };

// A wake-up for one waiting coroutine. A notify() that comes first is remembered; several count as one.
class Signal : private Timer {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}

  // Wakes the waiter in a later turn: safe from anywhere.
  void notify();

  // Wakes the waiter inside this call: for the last line of a reactor's handler, which nobody calls from
  // within a coroutine and which touches nothing afterwards.
  void notify_now();

  // Suspends until notified or until `until`. One waiter at a time.
  auto wait(base::TimePoint until) {
    struct Awaiter {
      Signal& signal;
      base::TimePoint until;
      bool await_ready() const { return signal.notified_; }
      void await_suspend(std::coroutine_handle<> handle) { signal.suspend(handle, until); }
      Wake await_resume() { return signal.take(); }
    };
    return Awaiter{*this, until};
  }

  // Whether a coroutine waits for it.
  bool awaited() const { return static_cast<bool>(waiter_); }

  Loop& loop() const { return loop_; }

 private:
  void suspend(std::coroutine_handle<> handle, base::TimePoint until);
  void fire() override;
  Wake take();

  Loop& loop_;
  std::coroutine_handle<> waiter_;
  bool notified_ = false;
};

// Suspends until `until`, one turn at least.
Task<void> sleep_until(Loop& loop, base::TimePoint until);

}  // namespace dujiang::runtime
