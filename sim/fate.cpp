#include "sim/fate.hpp"

#include <cmath>

namespace dujiang::sim {
namespace {

// A hazard is drawn once per quantum, with its chance per second times this.
constexpr double kQuantumSeconds = 0.25;
constexpr std::uint64_t kQuantaAhead = 2400;

Directive drawn_fault(const Phase& phase, double draw) {
  for (const Chance& entry : phase.faults) {
    if (draw < entry.chance) return entry.directive;
    draw -= entry.chance;
  }
  return {};
}

Times drawn_times(const Phase& phase, const Directive& fault, const Draws& draws, AttemptId id) {
  return {.queue = phase.queue.at(draws.uniform(id, Purpose::queue)),
          .first_token = phase.first_token.at(draws.uniform(id, Purpose::first_token)),
          .after = fault.after.at(draws.uniform(id, Purpose::after)),
          .every = fault.every.at(draws.uniform(id, Purpose::every)),
          .hold = fault.hold.at(draws.uniform(id, Purpose::hold))};
}

}  // namespace

bool is_refusal(const Directive& fault) {
  switch (fault.fault) {
    case Fault::busy:
    case Fault::balance_limit:
    case Fault::published_limit:
    case Fault::tpm_limit:
    case Fault::no_balance:
    case Fault::bad_key:
    case Fault::bad_request:
    case Fault::internal_error:
    case Fault::bad_gateway:
    case Fault::refused:
      return true;
    case Fault::other_host:
      return !fault.is("openrouter");
    default:
      return false;
  }
}

std::optional<Break> next_break(const Scenario& scenario, const Draws& draws, AttemptId id, double from) {
  if (!scenario.has_hazards()) return std::nullopt;
  const auto first = static_cast<std::uint64_t>(from / kQuantumSeconds);
  for (std::uint64_t quantum = first; quantum < first + kQuantaAhead; ++quantum) {
    const double at = std::max(from, static_cast<double>(quantum) * kQuantumSeconds);
    const Hazards& hazards = scenario.phase_at(at).hazards;
    if (draws.uniform(id, Purpose::stall, quantum) < hazards.stall * kQuantumSeconds) {
      return Break{Break::Kind::stall, at};
    }
    if (draws.uniform(id, Purpose::reset, quantum) < hazards.reset * kQuantumSeconds) {
      return Break{Break::Kind::reset, at};
    }
  }
  return std::nullopt;
}

Fate decide(const Scenario& scenario, const Draws& draws, const Arrival& arrival) {
  const Phase& phase = scenario.phase_at(arrival.seconds);
  Fate out;
  if (arrival.told != nullptr) {
    out.fault = *arrival.told;
  } else if (arrival.slots_held >= phase.slots) {
    out.over_capacity = true;
    return out;
  } else {
    out.fault = drawn_fault(phase, draws.uniform(arrival.id, Purpose::fault));
  }
  out.times = drawn_times(phase, out.fault, draws, arrival.id);
  if (!is_refusal(out.fault)) out.hazard = next_break(scenario, draws, arrival.id, arrival.seconds);
  return out;
}

}  // namespace dujiang::sim
