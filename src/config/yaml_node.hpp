// A YAML document as a tree with line numbers, bounded whatever the file holds.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace dujiang::config {

struct Entry;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 0;
  std::string text;             // of a scalar
  std::vector<YamlNode> items;  // of a list
  std::vector<Entry> entries;   // of a map, in the order of the file; no key comes twice

  const Entry* find(std::string_view key) const;

  static YamlNode scalar(int line, std::string text);
};

struct Entry {
  std::string key;
  int line = 0;
  YamlNode value;
};

// Reads one document. An empty text is an empty map. Refused: a second document, a key that comes twice, a
// key that is no scalar, more than 32 levels, more than 20,000 nodes (aliases count for what they stand for),
// 1 MiB of text.
std::expected<YamlNode, Problem> parse_yaml(std::string_view text);

}  // namespace dujiang::config
