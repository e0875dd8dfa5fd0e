#include "policy/token_bucket.hpp"

#include <algorithm>

namespace dujiang::policy {

TokenBucket::TokenBucket(double per_second, double burst)
    : per_second_(per_second), burst_(std::max(burst, 1.0)) {}

double TokenBucket::clamp(double cost) const { return std::clamp(cost, 0.0, burst_); }

// How long it takes to earn `cost`, which may be negative.
base::Duration TokenBucket::span(double cost) const {
  // A year is for ever here, and keeps a tiny rate from overflowing.
  constexpr double kLongest = 365.0 * 86400.0;
  const double seconds = std::clamp(cost / per_second_, -kLongest, kLongest);
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

base::TimePoint TokenBucket::next_allowed(base::TimePoint now, double cost, double ahead) const {
  return std::max(now, base::after(std::max(full_at_, now), span(ahead + clamp(cost) - burst_)));
}

bool TokenBucket::take(base::TimePoint now, double cost) {
  if (next_allowed(now, cost) > now) return false;
  full_at_ = std::max(full_at_, now) + span(clamp(cost));
  return true;
}

void TokenBucket::inherit(const TokenBucket& before, base::TimePoint now) {
  const double spent = base::seconds(std::max(before.full_at_, now) - now) * before.per_second_;
  const double left = std::max(before.burst_ - spent, 0.0);
  full_at_ = base::after(now, span(std::max(burst_ - left, 0.0)));
}

}  // namespace dujiang::policy
