// How findings are shown: to people line by line, to programs as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "diagnosis/finding.hpp"

namespace dujiang::diagnosis {

struct Tally {
  std::size_t failed = 0;
  std::size_t warned = 0;

  void count(const Section& section);
};

enum class Colour : std::uint8_t { none, ansi };

// The section's title, a line for each finding, and below it what to do.
std::string to_text(const Section& section, Colour colour = Colour::none);

// The last line: what it all comes to.
std::string summary(const Tally& tally);

// {"failed":1,"warned":0,"sections":[{"title":…,"findings":[{"check":…,"level":…,"found":…,"advice":…}]}]}
std::string to_json(std::span<const Section> sections);

}  // namespace dujiang::diagnosis
