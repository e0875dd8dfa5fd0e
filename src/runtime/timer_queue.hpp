// The timers of one loop: an intrusive binary heap that is touched as little as it can be, and beside it the
// line of those that are due at once.
//
// A loop's timers are mostly time-outs that move on with every step of a connection and hardly ever come. So
// a timer that is armed for later, or disarmed, keeps its place in the heap, and is put right when that place
// is reached; with ten thousand connections nothing else would cost more. What is due at once joins a line.
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

  bool armed() const { return place_ != Place::none && at_ != base::kNever; }

 protected:
  // Called once, disarmed already, on the loop's thread. May arm this or any timer again, or destroy this.
  virtual void fire() = 0;

 private:
  friend class TimerQueue;
  enum class Place : std::uint8_t { none, heap, line, firing };

  TimerQueue* queue_ = nullptr;  // while it has a place
  base::TimePoint at_ = base::kNever;
  std::uint64_t order_ = 0;
  std::uint32_t index_ = 0;  // in its place
  Place place_ = Place::none;
};

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Arms `timer` for `at`, moving it if it was armed. kNever disarms.
  void arm(Timer& timer, base::TimePoint at);
  // Arms it for the next fire_due(), whatever the time: after what is due then, in the order of these calls.
  void arm_soon(Timer& timer);
  void disarm(Timer& timer) { arm(timer, base::kNever); }

  // When the next timer is due; kNever when none is armed, kSoon while some are in the line.
  static constexpr base::TimePoint kSoon = base::TimePoint::min();
  base::TimePoint next();

  // Fires every timer due at `now` that was armed before the call: in order of (instant, arming), then the
  // line.
  void fire_due(base::TimePoint now);

 private:
  friend class Timer;

  // Where a timer stands in the heap: never later than it is due.
  struct Entry {
    base::TimePoint at;
    std::uint64_t order;
    Timer* timer;
  };

  static bool before(const Entry& a, const Entry& b);
  void place(const Entry& entry, std::size_t index);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void remove(std::size_t index);
  void leave_line(Timer& timer);
  void forget(Timer& timer);
  bool settle_front();

  std::vector<Entry> heap_;
  std::vector<Timer*> line_;    // null: has left it
  std::vector<Timer*> firing_;  // of the line, while fire_due() goes through it
  std::uint64_t armed_count_ = 0;
};

}  // namespace dujiang::runtime
