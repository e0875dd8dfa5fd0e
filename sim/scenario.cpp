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

base::Result<Scenario> load_shipped(std::string_view name) {
  const auto shipped = shipped_scenarios();
  const auto found = std::ranges::find(shipped, name, &ShippedScenario::name);
  if (found == shipped.end()) {
    std::string names;
    for (const ShippedScenario& one : shipped) names += (names.empty() ? "" : ", ") + std::string(one.name);
    return base::fail("there is no scenario '" + std::string(name) + "': there are " + names);
  }
  return parse_scenario(found->name, std::string(found->name) + ".yaml", std::string(found->yaml));
}

base::Result<Scenario> load_scenario(const std::string& name_or_file) {
  auto shipped = load_shipped(name_or_file);
  if (shipped) return shipped;
  std::ifstream file(name_or_file);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return base::fail(shipped.error().message + "; nor can a file of that name be read");
  return parse_scenario(name_or_file, name_or_file, text.str());
}

}  // namespace dujiang::sim
