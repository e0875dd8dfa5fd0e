#include "policy/shared_bucket.hpp"

#include <algorithm>

namespace dujiang::policy {
namespace {

// Between two calls when they come for ever.
base::Duration interval(const route::RateLimitSpec& rate) {
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(1.0 / rate.per_second));
}

base::Duration interval_of_burst(const route::RateLimitSpec& rate) {
  // A year is for ever here, and keeps a tiny rate from overflowing.
  constexpr double kLongest = 365.0 * 86400.0;
  const double seconds = std::min(std::max(rate.burst, 1.0) / rate.per_second, kLongest);
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

base::TimePoint instant(base::TimePoint::rep ticks) { return base::TimePoint(base::Duration(ticks)); }

}  // namespace

std::expected<base::TimePoint, base::Duration> SharedBucket::book(const route::RateLimitSpec& rate,
                                                                  base::TimePoint now,
                                                                  base::TimePoint latest) {
  base::TimePoint::rep seen = full_at_.load(std::memory_order_relaxed);
  while (true) {
    const base::TimePoint full_at = base::after(std::max(instant(seen), now), interval(rate));
    const base::TimePoint turn = std::max(now, full_at - interval_of_burst(rate));
    if (turn >= latest) return std::unexpected(turn - latest + base::Duration{1});
    // No other memory hangs on it: the order of the bookings themselves is all that counts.
    if (full_at_.compare_exchange_weak(seen, full_at.time_since_epoch().count(), std::memory_order_relaxed)) {
      return turn;
    }
  }
}

SharedBucket::Standing SharedBucket::standing(const route::RateLimitSpec& rate, base::TimePoint now) const {
  const base::TimePoint full_at = std::max(instant(full_at_.load(std::memory_order_relaxed)), now);
  const base::Duration free = interval_of_burst(rate) - (full_at - now);
  return {.remaining = free < base::Duration::zero() ? 0 : static_cast<std::uint64_t>(free / interval(rate)),
          .until_full = full_at - now};
}

}  // namespace dujiang::policy
