// What becomes of one attempt: decided at its arrival, from the phase, the slots and the draws alone.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/draws.hpp"
#include "sim/fault.hpp"
#include "sim/scenario.hpp"

namespace dujiang::sim {

// The times drawn for one attempt, in scenario seconds (`after` counts deltas for some rows).
struct Times {
  double queue = 0;        // signs of life first
  double first_token = 0;  // then silence, then the first token
  double after = 0;
  double every = 0;
  double hold = 0;
};

struct Break {
  enum class Kind : std::uint8_t { stall, reset };
  Kind kind = Kind::stall;
  double at = 0;  // scenario seconds
};

struct Fate {
  bool over_capacity = false;  // no slot: the 429 of the phase
  Directive fault;             // Fault::none: normal service
  Times times;
  std::optional<Break> hazard;  // strikes unless the attempt ends before
};

struct Arrival {
  AttemptId id{};
  double seconds = 0;               // scenario time
  unsigned slots_held = 0;          // by others
  const Directive* told = nullptr;  // a fault asked for by name comes before capacity and chance
};

Fate decide(const Scenario& scenario, const Draws& draws, const Arrival& arrival);

// When the first hazard strikes an attempt that arrived at `from`; looked for over ten minutes of scenario
// time.
std::optional<Break> next_break(const Scenario& scenario, const Draws& draws, AttemptId id, double from);

// Whether it refuses before any work is done: such attempts take no slot.
bool is_refusal(const Directive& fault);

}  // namespace dujiang::sim
