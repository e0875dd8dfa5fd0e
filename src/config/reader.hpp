// Reads the tree of a configuration: collects every problem instead of stopping at the first, and remembers
// where each key stood, for checks that look at several keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/environment.hpp"
#include "config/problem.hpp"
#include "config/yaml_node.hpp"

namespace dujiang::config {

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  // A scalar's text, variables expanded. Nothing, and a problem, where the node is no scalar or a variable is
  // not set; `expected` names what would be right: "a duration".
  std::optional<std::string> scalar(const YamlNode& node, const std::string& path, std::string_view expected);

  // How to show a scalar in a message: quoted and cut; as it stands in the file where a variable is in it.
  static std::string shown(const YamlNode& node);

  void problem(int line, std::string path, std::string message);

  // A problem with a key that was read, or, where it was not given, with the nearest one above it.
  void problem_at(const std::string& path, std::string message);

  // A problem in another file that the configuration names.
  void problem_in(std::string file, Problem problem);

  // Something that works and yet is better changed.
  void warn(std::string message) { warnings_.push_back(std::move(message)); }
  const std::vector<std::string>& warnings() const { return warnings_; }

  void saw(const std::string& path, int line) { lines_.emplace(path, line); }

  // Whether the key stood in the file.
  bool has(const std::string& path) const { return lines_.contains(path); }

  const Environment& environment() const { return environment_; }
  const Problems& problems() const { return problems_; }

 private:
  const Environment& environment_;
  std::map<std::string, int, std::less<>> lines_;
  Problems problems_;
  std::vector<std::string> warnings_;
};

}  // namespace dujiang::config
