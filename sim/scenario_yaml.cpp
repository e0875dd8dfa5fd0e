#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <sstream>

#include "sim/scenario.hpp"

namespace dujiang::sim {
namespace {

// Thrown inside this file only, where YAML's own errors are thrown too; parse_scenario makes values of both.
struct Refusal {
  int line;
  std::string message;
};

[[noreturn]] void refuse(const YAML::Node& at, std::string message) {
  throw Refusal{at.Mark().line + 1, std::move(message)};
}

void expect_keys(const YAML::Node& map, std::string_view where,
                 std::initializer_list<std::string_view> known) {
  if (!map.IsMap()) refuse(map, std::string(where) + " has to be a mapping of keys to values");
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    const auto key = entry.first.as<std::string>();
    if (std::ranges::find(known, key) == known.end()) {
      std::string message = "unknown key '" + key + "': ";
      message.append(where).append(" has");
      for (const std::string_view name : known)
        message.append(name == *known.begin() ? " " : ", ").append(name);
      refuse(entry.first, std::move(message));
    }
    if (std::ranges::find(seen, key) != seen.end()) refuse(entry.first, "the key '" + key + "' stands twice");
    seen.push_back(key);
  }
}

double number(const YAML::Node& node, std::string_view key, double low, double high) {
  double value = 0;
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value) || std::isnan(value) || value < low ||
      value > high) {
    std::ostringstream range;
    range << key << " has to be a number from " << low << " to " << high;
    refuse(node, range.str());
  }
  return value;
}

constexpr double kMostSeconds = 1e9;

// `0.4` or `[3, 9]`.
Range range(const YAML::Node& node, std::string_view key) {
  if (!node.IsSequence()) {
    const double value = number(node, key, 0, kMostSeconds);
    return {value, value};
  }
  if (node.size() != 2) refuse(node, std::string(key) + " has to be a number or [low, high]");
  const Range out{number(node[0], key, 0, kMostSeconds), number(node[1], key, 0, kMostSeconds)};
  if (out.low > out.high) refuse(node, std::string(key) + ": the low end comes first");
  return out;
}

bool flag(const YAML::Node& node, std::string_view key) {
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    refuse(node, std::string(key) + " has to be true or false");
  }
  return value;
}

std::string text(const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar()) refuse(node, std::string(key) + " has to be text");
  return node.Scalar();
}

// `"5; after=5": 0.3`
std::vector<Chance> chances(const YAML::Node& map) {
  if (!map.IsMap()) refuse(map, R"(faults has to map faults to chances, such as "5; after=5": 0.3)");
  std::vector<Chance> out;
  double sum = 0;
  for (const auto& entry : map) {
    auto directive = parse_directive(entry.first.as<std::string>());
    if (!directive) refuse(entry.first, directive.error().message);
    if (directive->times) {
      refuse(entry.first, "times counts one prompt's attempts: in a scenario give a chance only");
    }
    const double chance = number(entry.second, "a chance", 0, 1);
    out.push_back({*directive, chance});
    sum += chance;
  }
  if (sum > 1 + 1e-9) refuse(map, "the chances of a phase's faults sum to more than 1");
  return out;
}

Hazards hazards(const YAML::Node& map) {
  expect_keys(map, "hazards", {"stall", "reset"});
  Hazards out;
  if (const auto node = map["stall"]) out.stall = number(node, "stall", 0, 1);
  if (const auto node = map["reset"]) out.reset = number(node, "reset", 0, 1);
  return out;
}

LimitText limit_text(const YAML::Node& node) {
  const std::string value = text(node, "limit");
  if (value != "balance" && value != "published") refuse(node, "limit has to be balance or published");
  return value == "balance" ? LimitText::balance : LimitText::published;
}

Phase phase(const YAML::Node& map) {
  expect_keys(map, "a phase",
              {"name", "seconds", "slots", "token_rate", "first_token", "queue", "keep_alive", "limit",
               "faults", "hazards"});
  Phase out;
  if (const auto node = map["name"]) out.name = text(node, "name");
  if (const auto node = map["seconds"]) out.seconds = number(node, "seconds", 0.001, kMostSeconds);
  if (const auto node = map["slots"]) {
    const double slots = number(node, "slots", 0, 1e6);
    if (slots != std::floor(slots)) refuse(node, "slots has to be a whole number");
    out.slots = static_cast<unsigned>(slots);
  }
  if (const auto node = map["token_rate"]) out.token_rate = number(node, "token_rate", 0.01, 1e6);
  if (const auto node = map["first_token"]) out.first_token = range(node, "first_token");
  if (const auto node = map["queue"]) out.queue = range(node, "queue");
  if (const auto node = map["keep_alive"]) out.keep_alive = number(node, "keep_alive", 0.001, kMostSeconds);
  if (const auto node = map["limit"]) out.limit = limit_text(node);
  if (const auto node = map["faults"]) out.faults = chances(node);
  if (const auto node = map["hazards"]) out.hazards = hazards(node);
  return out;
}

Scenario scenario(const YAML::Node& map) {
  expect_keys(map, "a scenario", {"about", "speed", "loop", "thinking", "phases"});
  Scenario out;
  if (const auto node = map["about"]) out.about = text(node, "about");
  if (const auto node = map["speed"]) out.speed = number(node, "speed", 0.001, 1000);
  if (const auto node = map["loop"]) out.loop = flag(node, "loop");
  if (const auto node = map["thinking"]) out.thinking = flag(node, "thinking");
  const auto phases = map["phases"];
  if (!phases || !phases.IsSequence() || phases.size() == 0) {
    refuse(phases ? phases : map, "phases has to be a list of one phase at least");
  }
  for (const auto& node : phases) {
    out.phases.push_back(phase(node));
    const bool last = out.phases.size() == phases.size();
    if (out.phases.back().seconds <= 0 && (!last || out.loop)) {
      refuse(node, "this phase needs seconds: only the last one of a scenario without loop may do without");
    }
  }
  return out;
}

base::Result<Scenario> fail_at(std::string_view source, int line, const std::string& message) {
  return base::fail(std::string(source) + ":" + std::to_string(line) + ": " + message);
}

}  // namespace

base::Result<Scenario> parse_scenario(std::string_view name, std::string_view source,
                                      const std::string& yaml) {
  try {
    Scenario out = scenario(YAML::Load(yaml));
    out.name = name;
    return out;
  } catch (const Refusal& refusal) {
    return fail_at(source, refusal.line, refusal.message);
  } catch (const YAML::Exception& error) {
    return fail_at(source, error.mark.line + 1, error.msg);
  }
}

}  // namespace dujiang::sim
