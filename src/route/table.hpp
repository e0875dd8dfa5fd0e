// Which route serves a model name, and which of its targets, in which order, may serve one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "route/spec.hpp"

namespace dujiang::route {

// An exact match beats the longest prefix ("deepseek-*"), which beats "*". Of two equal ones the first
// counts.
class RouteTable {
 public:
  explicit RouteTable(std::vector<RouteSpec> routes);

  // The route that serves `model`; null when none does. Lives as long as the table.
  const RouteSpec* match(std::string_view model) const;

  // The names a caller can be told of, for GET /models: exact matches, and the models that the targets of
  // prefix routes name where the same route serves them. In the order of the configuration, each once.
  std::vector<std::string> model_names() const;

  // The matches as the operator wrote them, for the message about an unknown model: `deepseek-chat, qwen-*`.
  std::string known_models() const;

  std::span<const RouteSpec> routes() const { return routes_; }

 private:
  std::vector<RouteSpec> routes_;
  std::map<std::string, std::size_t, std::less<>> exact_;
  std::vector<std::size_t> prefixes_;  // longest first
};

// What a call asks of whoever answers it.
struct Needs {
  bool tools = false;
  bool json_mode = false;
  std::optional<bool> thinking{};          // absent: not said, any target will do
  std::uint64_t approx_prompt_tokens = 0;  // a low estimate: a target is left out for it
  std::uint64_t max_tokens = 0;            // 0: not said
};

// The targets that can honour a call, as indices into RouteSpec::targets. When there is none, `reason` says
// for each target why not, in words for the caller.
struct Fit {
  std::vector<std::uint32_t> targets;
  std::string reason;
};

Fit fit_targets(const RouteSpec& route, const Needs& needs);

// The order in which one request tries `targets`: as written, or drawn by weight without replacement. A
// weight of 0 comes last, after all others.
std::vector<std::uint32_t> order_targets(const RouteSpec& route, std::span<const std::uint32_t> targets,
                                         base::Random& chance);

}  // namespace dujiang::route
