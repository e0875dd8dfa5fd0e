// A scenario under way: its phases on the clock, with chance that depends on the seed alone.
#pragma once

#include <chrono>
#include <cmath>
#include <memory>

#include "base/time.hpp"
#include "sim/draws.hpp"
#include "sim/scenario.hpp"

namespace dujiang::sim {

struct Weather {
  Scenario scenario;
  Draws draws;
  base::TimePoint began;
  double speed = 1;       // scenario seconds per real second
  double keep_alive = 0;  // in place of the phases' own; 0: none is told

  // Scenario seconds at a real instant.
  double seconds_at(base::TimePoint now) const { return std::max(0.0, base::seconds(now - began)) * speed; }

  // The real instant of a scenario second; kNever for those beyond all hours.
  base::TimePoint instant(double seconds) const {
    constexpr double kBeyond = 1e8;
    if (seconds / speed > kBeyond) return base::kNever;
    return base::after(
        began, std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds / speed)));
  }

  double keep_alive_at(double seconds) const {
    return keep_alive > 0 ? keep_alive : scenario.phase_at(seconds).keep_alive;
  }
};

using SharedWeather = std::shared_ptr<const Weather>;

}  // namespace dujiang::sim
