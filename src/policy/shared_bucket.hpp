// A rate limit that several loops share exactly, without a lock: a caller's calls a second, with a burst.
//
// GCRA as in policy/token_bucket, with one difference: a call that may not go yet is not asked to try again
// but books its turn, so that the queue can hold it until then. The only state is the instant at which the
// bucket will be full again, one atomic; the rate is an argument, so that a change of configuration needs
// nothing else. A turn that its caller gives up is lost to it: given back, it would let two go at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>

#include "base/time.hpp"
#include "route/spec.hpp"

namespace dujiang::policy {

class SharedBucket {
 public:
  // The instant at which the call may go, `now` or later, booked. Where that would not be before `latest`,
  // nothing is booked, and the error is how long to wait until an equal call could be booked.
  // REQUIRES: per_second > 0. A burst below 1 counts as 1.
  std::expected<base::TimePoint, base::Duration> book(const route::RateLimitSpec& rate, base::TimePoint now,
                                                      base::TimePoint latest);

  // What is left: calls that may go at once, and the time until the whole burst may again.
  struct Standing {
    std::uint64_t remaining = 0;
    base::Duration until_full{};
  };
  Standing standing(const route::RateLimitSpec& rate, base::TimePoint now) const;

 private:
  std::atomic<base::TimePoint::rep> full_at_{base::TimePoint::min().time_since_epoch().count()};
};

}  // namespace dujiang::policy
