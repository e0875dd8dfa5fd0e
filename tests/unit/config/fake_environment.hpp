// Variables and files that a test gives, and the shortest configuration that is right.
#pragma once

#include <map>
#include <string>

#include "config/config.hpp"

namespace dujiang::config {

inline constexpr std::string_view kLeast =
    "version: 1\n"
    "upstreams:\n"
    "  - name: deepseek\n"
    "    base_url: https://api.deepseek.com\n"
    "routes:\n"
    "  - name: all\n"
    "    match: \"*\"\n"
    "    targets: [{upstream: deepseek}]\n";

struct FakeEnvironment {
  std::map<std::string, std::string> variables{};
  std::map<std::string, std::string> files{};

  Environment get() const {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            [this](const std::string& path) -> base::Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end()) return base::fail("No such file or directory");
              return found->second;
            },
            ""};
  }
};

// The problems of a file named "f.yaml" as text; empty when there are none.
inline std::string problems_of(std::string_view yaml, const FakeEnvironment& environment = {},
                               const Overrides& overrides = {}) {
  const auto config = parse(yaml, environment.get(), overrides);
  return config ? "" : to_text("f.yaml", config.error());
}

}  // namespace dujiang::config
