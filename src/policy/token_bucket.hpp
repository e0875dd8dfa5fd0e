// A rate limit: so many calls a second, with a burst. What overflows waits elsewhere, it is not refused here.
//
// GCRA, the generic cell rate algorithm (ITU-T I.371; redis-cell `src/cell/mod.rs`): the only state is the
// theoretical arrival time TAT, the instant at which the bucket would be full again. With T = 1/rate, a call
// of cost n is allowed iff max(now, TAT) + n*T - burst*T <= now, and then TAT becomes max(now, TAT) + n*T.
// `burst` is the number of calls that may come at once after idleness: 1 spaces all calls by T.
#pragma once

#include "base/time.hpp"

namespace dujiang::policy {

class TokenBucket {
 public:
  // REQUIRES: per_second > 0. A burst below 1 counts as 1.
  TokenBucket(double per_second, double burst);

  // The earliest instant, `now` or later, at which take() of that cost would succeed, if calls that cost
  // `ahead` are taken as early as they can be before it. A cost above the burst counts as the whole burst,
  // since it could never be allowed otherwise.
  base::TimePoint next_allowed(base::TimePoint now, double cost = 1, double ahead = 0) const;

  // Takes `cost` if it is allowed now. A clock that goes back allows nothing more.
  bool take(base::TimePoint now, double cost = 1);

  // Begins with the calls that `before`, of whatever rate, has left now, at most its own burst: a change of
  // the rate hands out nothing by itself.
  void inherit(const TokenBucket& before, base::TimePoint now);

 private:
  double clamp(double cost) const;
  base::Duration span(double cost) const;

  double per_second_;
  double burst_;
  base::TimePoint full_at_{base::TimePoint::min()};  // TAT
};

}  // namespace dujiang::policy
