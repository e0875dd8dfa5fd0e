#include "config/reader.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace dujiang::config {

std::optional<std::string> Reader::scalar(const YamlNode& node, const std::string& path,
                                          std::string_view expected) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      problem(node.line, path, fmt::format("has no value; give {}, or remove the key", expected));
      return std::nullopt;
    case YamlNode::Kind::list:
      problem(node.line, path, fmt::format("is a list, but must be {}", expected));
      return std::nullopt;
    case YamlNode::Kind::map:
      problem(node.line, path, fmt::format("is a map, but must be {}", expected));
      return std::nullopt;
    case YamlNode::Kind::scalar:
      break;
  }
  auto expanded = expand(node.text, environment_);
  if (!expanded) {
    problem(node.line, path, expanded.error().message);
    return std::nullopt;
  }
  return std::move(expanded->text);
}

std::string Reader::shown(const YamlNode& node) {
  constexpr std::size_t kLongest = 40;
  if (node.text.size() <= kLongest) return fmt::format("`{}`", node.text);
  return fmt::format("`{}…`", node.text.substr(0, kLongest));
}

void Reader::problem(int line, std::string path, std::string message) {
  problems_.push_back({line, std::move(path), std::move(message)});
}

void Reader::problem_at(const std::string& path, std::string message) {
  std::string above = path;
  while (!above.empty() && !has(above)) {
    const auto cut = above.find_last_of(".[");
    above.resize(cut == std::string::npos ? 0 : cut);
  }
  const auto found = lines_.find(above);
  problem(found == lines_.end() ? 0 : found->second, path, std::move(message));
}

void Reader::problem_in(std::string file, Problem problem) {
  problem.file = std::move(file);
  problems_.push_back(std::move(problem));
}

}  // namespace dujiang::config
