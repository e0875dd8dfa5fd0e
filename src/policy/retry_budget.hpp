// How many repeats that may be paid twice an upstream is sent.
//
// A repeat after a time-out, a stall or a cut may be billed although its first attempt was billed too, so
// such repeats get a share of the requests of the last 10 s (20 %), and for quiet times a reserve of one per
// 10 s. The pattern is finagle's RetryBudget; its reserve of 10 a second is made for RPCs that cost nothing.
// Refusals before any token are free; they are paced by backoff and never counted here: a flat share of
// all attempts would forbid recovery just when half of them are refused.
//
// Exact at every withdrawal: those drawn on the share within the last `window`, this one included, are at
// most share * deposits within it; those drawn on the reserve are at least `reserve_every` apart. Both are
// counted in 20 slices of the window, rounded to the safe side, so memory is constant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace dujiang::policy {

struct RetryBudgetSpec {
  double share = 0;
  base::Duration window = std::chrono::seconds(10);
  base::Duration reserve_every{};  // 0 or less: no reserve
};

class RetryBudget {
 public:
  explicit RetryBudget(RetryBudgetSpec spec);

  // A request was sent to the upstream: once per request, not per attempt.
  void deposit(base::TimePoint now);

  // Takes one repeat now, or else the next one that the reserve will earn, if that is before `latest`.
  // Returns the instant from which the repeat may be sent; nothing is taken when there is none.
  std::optional<base::TimePoint> withdraw_by(base::TimePoint now, base::TimePoint latest);

  // Repeats that could be sent now; a fraction shows how far the next one is.
  double balance(base::TimePoint now) const;

  // Goes on with another share and reserve, and with what was sent and drawn so far. The window stays.
  void adopt(double share, base::Duration reserve_every);

 private:
  static constexpr std::size_t kSlices = 20;

  // Counts of events by slice of time. Older slices are overwritten as time goes on.
  class Tally {
   public:
    void add(std::int64_t slice);
    // Events in the slices (last - count, last].
    std::uint64_t sum(std::int64_t last, std::size_t count) const;

   private:
    struct Cell {
      std::int64_t slice = -1;
      std::uint64_t count = 0;
    };
    std::array<Cell, kSlices + 1> cells_{};
  };

  std::int64_t slice_of(base::TimePoint now) const;
  double share_left(base::TimePoint now) const;

  RetryBudgetSpec spec_;
  Tally deposits_;
  Tally withdrawals_;
  base::TimePoint reserve_at_{base::TimePoint::min()};  // when the next one of the reserve may be drawn
};

}  // namespace dujiang::policy
