// A loop in simulated time: seeded, single-threaded, as fast as its work, and the same every time.
#pragma once

#include <cstdint>

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

  // Runs until nothing is due any more.
  void run() { run_until(base::kNever); }

  // Runs everything due up to `until`, and leaves the clock there (or, for kNever, at the last event).
  void run_until(base::TimePoint until);
  void run_for(base::Duration span) { run_until(base::after(now_, span)); }

 private:
  void next_timer_changed() override {}

  // A day after the epoch, so that arithmetic into the past stays positive.
  base::TimePoint now_{std::chrono::hours(24)};
};

}  // namespace dujiang::runtime
