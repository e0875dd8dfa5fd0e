#include "sim/scenario.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

namespace dujiang::sim {

const Phase& Scenario::phase_at(double seconds) const {
  if (loop) {
    const double round = std::accumulate(phases.begin(), phases.end(), 0.0,
                                         [](double sum, const Phase& phase) { return sum + phase.seconds; });
    seconds = std::fmod(seconds, round);
  }
  for (const Phase& phase : phases) {
    if (seconds < phase.seconds) return phase;
    seconds -= phase.seconds;
  }
  return phases.back();
}

bool Scenario::has_hazards() const {
  return std::ranges::any_of(
      phases, [](const Phase& phase) { return phase.hazards.stall > 0 || phase.hazards.reset > 0; });
}

base::Result<Scenario> load_scenario(const std::string& name_or_file) {
  const auto shipped = shipped_scenarios();
  const auto found = std::ranges::find(shipped, name_or_file, &ShippedScenario::name);
  if (found != shipped.end()) {
    return parse_scenario(found->name, std::string(found->name) + ".yaml", std::string(found->yaml));
  }
  std::ifstream file(name_or_file);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return base::fail("there is no scenario '" + name_or_file +
                      "' in `dujiang-sim scenarios`, and no file of that name can be read");
  }
  return parse_scenario(name_or_file, name_or_file, text.str());
}

}  // namespace dujiang::sim
