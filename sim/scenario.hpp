// A scenario: the phases of a server's hour, written in YAML.
//
// All times are seconds of scenario time; `speed` (times the server's own --speed) says how many of them pass
// in one real second.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/fault.hpp"

namespace dujiang::sim {

struct Chance {
  Directive directive;
  double chance = 0;  // of one attempt at arrival
};

// Per second and stream, from arrival to end, the time before the first token included.
struct Hazards {
  double stall = 0;
  double reset = 0;
};

enum class LimitText { balance, published };  // which 429 tells of full slots: row 8 or row 9

struct Phase {
  std::string name;
  double seconds = 0;  // > 0 but for the last, which is held
  unsigned slots = 64;
  double token_rate = 40;       // tokens per second and stream
  Range first_token{0.4, 0.4};  // silence before the first token
  Range queue{0, 0};            // signs of life before that: rows 1 and 2
  double keep_alive = 10;       // K
  LimitText limit = LimitText::balance;
  std::vector<Chance> faults;  // chances sum to at most 1
  Hazards hazards;
};

struct Scenario {
  std::string name;
  std::string about;
  double speed = 1;
  bool loop = false;      // begin again after the last phase
  bool thinking = false;  // models think unless the request says no
  std::vector<Phase> phases;

  // REQUIRES: seconds >= 0.
  const Phase& phase_at(double seconds) const;
  bool has_hazards() const;
};

// `source` names the text in messages, "storm.yaml:12: …".
base::Result<Scenario> parse_scenario(std::string_view name, std::string_view source,
                                      const std::string& text);

struct ShippedScenario {
  std::string_view name;
  std::string_view yaml;
};

// Those in the binary, in order of name.
std::span<const ShippedScenario> shipped_scenarios();

base::Result<Scenario> load_shipped(std::string_view name);

// By the name of a shipped one, or else as a file.
base::Result<Scenario> load_scenario(const std::string& name_or_file);

}  // namespace dujiang::sim
