// A setting on its way out: printed as YAML by `dujiang check`, and as a default in the reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dujiang::config {

struct ValueEntry;

struct Value {
  enum class Kind { absent, scalar, list, map };
  Kind kind = Kind::absent;
  std::string text;  // of a scalar, as YAML
  std::vector<Value> items;
  std::vector<ValueEntry> entries;

  static Value plain(std::string text);
  // Quotes where YAML would read something else, and doubles a `$` that would name a variable.
  static Value string(std::string_view text);
};

struct ValueEntry {
  std::string key;
  Value value;
};

// A map as a YAML document. What is absent is left out.
std::string to_yaml(const Value& map);

// One line, "[a, b]"; empty for an absent value.
std::string to_line(const Value& value);

}  // namespace dujiang::config
