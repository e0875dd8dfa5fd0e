#include <algorithm>

#include "balance/strategy.hpp"

namespace dujiang::balance {
namespace {

class RoundRobin final : public Strategy {
 public:
  // Goes by the endpoint's index, not by its place among the candidates, so that one that drops out or comes
  // back does not change whose turn it is.
  std::size_t pick(std::span<const std::size_t> candidates) override {
    auto it = std::ranges::lower_bound(candidates, next_);
    const std::size_t chosen = it == candidates.end() ? candidates.front() : *it;
    next_ = chosen + 1;
    return chosen;
  }

 private:
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_round_robin() { return std::make_unique<RoundRobin>(); }

}  // namespace dujiang::balance
