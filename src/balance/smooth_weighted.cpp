#include "balance/strategy.hpp"

namespace dujiang::balance {
namespace {

// Smooth weighted round robin as in nginx (ngx_http_upstream_round_robin.c): every candidate earns its
// weight, the richest is chosen and pays what all of them earned.
class SmoothWeighted final : public Strategy {
 public:
  explicit SmoothWeighted(std::vector<std::uint32_t> weights)
      : weights_(std::move(weights)), credits_(weights_.size(), 0) {}

  std::size_t pick(std::span<const std::size_t> candidates) override {
    std::int64_t earned = 0;
    std::size_t chosen = candidates.front();
    for (const std::size_t i : candidates) {
      credits_[i] += weights_[i];
      earned += weights_[i];
      if (richer(i, chosen)) chosen = i;
    }
    credits_[chosen] -= earned;
    return chosen;
  }

 private:
  // One without weight earns nothing, and must not win by a debt of the others.
  bool richer(std::size_t a, std::size_t b) const {
    if ((weights_[a] == 0) != (weights_[b] == 0)) return weights_[b] == 0;
    return credits_[a] > credits_[b];
  }

  std::vector<std::uint32_t> weights_;
  std::vector<std::int64_t> credits_;
};

}  // namespace

std::unique_ptr<Strategy> make_smooth_weighted(std::vector<std::uint32_t> weights) {
  return std::make_unique<SmoothWeighted>(std::move(weights));
}

}  // namespace dujiang::balance
