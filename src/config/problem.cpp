#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace dujiang::config {

std::string to_text(const std::string& file, Problems problems) {
  constexpr std::size_t kMost = 20;
  std::ranges::sort(problems, {}, [](const Problem& problem) {
    return std::tie(problem.file, problem.line, problem.path);
  });
  std::string out;
  for (std::size_t i = 0; i < std::min(problems.size(), kMost); ++i) {
    const Problem& problem = problems[i];
    if (!problem.path.starts_with("--")) {
      out += problem.file.empty() ? file : problem.file;
      if (problem.line > 0) out += fmt::format(":{}", problem.line);
      out += ": ";
    }
    if (!problem.path.empty()) out += problem.path + ": ";
    out += problem.message + "\n";
  }
  if (problems.size() > kMost) out += fmt::format("{}: and {} more\n", file, problems.size() - kMost);
  return out;
}

}  // namespace dujiang::config
