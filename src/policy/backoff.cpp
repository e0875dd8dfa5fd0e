#include "policy/backoff.hpp"

#include <algorithm>

namespace dujiang::policy {

base::Duration Backoff::bound(std::uint32_t n) const {
  if (initial <= base::Duration{0} || cap <= base::Duration{0}) return base::Duration{0};
  base::Duration bound = std::min(initial, cap);
  for (; n > 0 && bound < cap; --n) bound = bound > cap / 2 ? cap : bound * 2;
  return bound;
}

base::Duration Backoff::delay(std::uint32_t n, std::optional<base::Duration> retry_after,
                              base::Random& chance) const {
  const base::Duration jitter = full_jitter(bound(n), chance);
  return retry_after ? std::max(*retry_after, jitter) : jitter;
}

base::Duration full_jitter(base::Duration bound, base::Random& chance) {
  if (bound <= base::Duration{0}) return base::Duration{0};
  const auto jitter = static_cast<base::Duration::rep>(chance.uniform() * static_cast<double>(bound.count()));
  return base::Duration{std::min(jitter, bound.count() - 1)};
}

}  // namespace dujiang::policy
