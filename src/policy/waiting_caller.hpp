// When a caller who waits needs a sign of life, so that no proxy in between cuts the connection.
//
// Not before the interval (15 s by default), since the first sign sends the status 200, after which a failure
// can no longer be told by a status; then once per interval without a byte. A caller who told how long it
// bears silence (a stream's read time-out) gets the sign in two thirds of that if it is less.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace dujiang::policy {

class WaitingCaller {
 public:
  // `interval`: absent when the route or a request header turned signs of life off. `silence`:
  // Deadline::silence.
  WaitingCaller(base::TimePoint received, std::optional<base::Duration> interval,
                std::optional<base::Duration> silence = std::nullopt);

  // Bytes have gone to the caller: an answer's, or a sign of life.
  void on_written(base::TimePoint now) { last_ = now; }

  // When a sign of life is due; kNever when they are off.
  base::TimePoint due() const { return base::after(last_, interval_); }

 private:
  base::TimePoint last_;
  base::Duration interval_;
};

}  // namespace dujiang::policy
