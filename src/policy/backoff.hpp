// How long a refused request waits before it is sent again.
//
// Exponential backoff with full jitter: U(0, min(cap, initial * 2^n)), n = 0 for the first wait. Callers who
// were refused together must not come back together, and of the usual jitters this one makes the fewest calls
// for the same completion time (AWS Architecture Blog, "Exponential Backoff And Jitter").
//
// What the server asks for (Retry-After) is a floor: never earlier, and never faster than our own pace
// either, since "Retry-After: 0" under a storm would make a busy loop.
#pragma once

#include <cstdint>
#include <optional>

#include "base/random.hpp"
#include "base/time.hpp"

namespace dujiang::policy {

struct Backoff {
  base::Duration initial{};
  base::Duration cap{};

  // min(cap, initial * 2^n) without overflow, whatever n; 0 for settings that are not positive.
  base::Duration bound(std::uint32_t n) const;

  // The wait before repeat `n`, at least `retry_after` when the server gave one.
  base::Duration delay(std::uint32_t n, std::optional<base::Duration> retry_after,
                       base::Random& chance) const;
};

// Uniform in [0, bound).
base::Duration full_jitter(base::Duration bound, base::Random& chance);

}  // namespace dujiang::policy
