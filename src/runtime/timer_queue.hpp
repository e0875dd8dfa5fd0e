// The timers of one loop: an intrusive binary heap, so that arming allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

namespace dujiang::runtime {

class TimerQueue;

// Something due at an instant. Derive and implement fire(); a destroyed timer disarms itself.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  bool armed() const { return queue_ != nullptr; }

 protected:
  // Called once, disarmed already, on the loop's thread. May arm this or any timer again, or destroy this.
  virtual void fire() = 0;

 private:
  friend class TimerQueue;
  TimerQueue* queue_ = nullptr;
  std::size_t index_ = 0;
  base::TimePoint at_;
  std::uint64_t order_ = 0;
};

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Arms `timer` for `at`, moving it if it was armed. kNever disarms.
  void arm(Timer& timer, base::TimePoint at);
  void disarm(Timer& timer);

  // When the next timer is due; kNever when none is armed.
  base::TimePoint next() const { return heap_.empty() ? base::kNever : heap_.front()->at_; }

  // Fires, in order of (instant, arming), every timer due at `now` that was armed before the call.
  void fire_due(base::TimePoint now);

 private:
  static bool before(const Timer& a, const Timer& b);
  void place(Timer& timer, std::size_t index);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);

  std::vector<Timer*> heap_;
  std::uint64_t armed_count_ = 0;
};

}  // namespace dujiang::runtime
