// How one of several usable endpoints is chosen; each strategy is one file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace dujiang::balance {

class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  // One of `candidates`: indices of endpoints, rising, at least one. The choice counts as made.
  virtual std::size_t pick(std::span<const std::size_t> candidates) = 0;
};

// Each in turn; weights do not matter.
std::unique_ptr<Strategy> make_round_robin();

// Each in proportion to its weight, spread as evenly as can be: weights 5, 1, 1 give a a b a c a a, not a a a
// a a b c. A candidate of weight 0 is picked only among such.
std::unique_ptr<Strategy> make_smooth_weighted(std::vector<std::uint32_t> weights);

}  // namespace dujiang::balance
