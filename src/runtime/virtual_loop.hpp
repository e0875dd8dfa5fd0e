// A loop in simulated time: seeded, single-threaded, as fast as its work, and the same every time.
//
// Several of them may run together, as if each had a thread of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>

#include "runtime/loop.hpp"

namespace dujiang::runtime {

class VirtualLoop final : public Loop {
 public:
  explicit VirtualLoop(std::uint64_t seed) : Loop(seed) {}
  ~VirtualLoop() override { drop_tasks(); }

  base::TimePoint now() const override { return now_; }
  base::WallTime wall_now() const override {
    return base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(now_.time_since_epoch()));
  }

  void post(std::move_only_function<void()> work) override { posted_.push_back(std::move(work)); }

  // Runs until nothing is due any more.
  void run() { run_until(base::kNever); }

  // Runs everything due up to `until`, and leaves the clock there (or, for kNever, at the last event).
  void run_until(base::TimePoint until);
  void run_for(base::Duration span) { run_until(base::after(now_, span)); }

  // Runs several loops, on one clock, turn by turn: like run_until() of each, but that what one posts to
  // another runs there at the same instant.
  static void run_together(std::initializer_list<VirtualLoop*> loops, base::TimePoint until = base::kNever);

 private:
  // When there is something to do; kNever for nothing.
  base::TimePoint due() { return posted_.empty() ? next_timer() : now_; }
  void turn();

  // A day after the epoch, so that arithmetic into the past stays positive.
  base::TimePoint now_{std::chrono::hours(24)};
  std::deque<std::move_only_function<void()>> posted_;
};

}  // namespace dujiang::runtime
