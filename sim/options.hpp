// What `dujiang-sim serve` is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/fault.hpp"
#include "sim/scenario.hpp"

namespace dujiang::sim {

inline constexpr double kMostSpeed = 10'000;

struct Options {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  Scenario scenario;
  std::vector<Directive> faults;  // shown to every attempt, as far as their `times` go
  std::uint64_t seed = 1;
  double speed = 1;                  // scenario seconds per real second, times the scenario's own speed
  std::optional<double> keep_alive;  // K in scenario seconds, in place of the scenario's
  bool thinking = false;             // models think unless the request says no
  std::vector<std::string> models;   // what /models lists; another name gets 400, but for an empty list
};

std::vector<std::string> default_models();

}  // namespace dujiang::sim
