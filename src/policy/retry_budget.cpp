#include "policy/retry_budget.hpp"

#include <algorithm>

namespace dujiang::policy {

void RetryBudget::Tally::add(std::int64_t slice) {
  Cell& cell = cells_[static_cast<std::size_t>(slice) % cells_.size()];
  if (cell.slice != slice) cell = {slice, 0};
  ++cell.count;
}

std::uint64_t RetryBudget::Tally::sum(std::int64_t last, std::size_t count) const {
  std::uint64_t sum = 0;
  for (const Cell& cell : cells_) {
    if (cell.slice <= last && cell.slice > last - static_cast<std::int64_t>(count)) sum += cell.count;
  }
  return sum;
}

RetryBudget::RetryBudget(RetryBudgetSpec spec) : spec_(spec) {
  spec_.share = std::max(spec_.share, 0.0);
  spec_.window = std::max<base::Duration>(spec_.window, std::chrono::milliseconds(kSlices));
}

// The monotonic clock's zero is arbitrary, but it does not run below it.
std::int64_t RetryBudget::slice_of(base::TimePoint now) const {
  const auto slice = spec_.window / static_cast<base::Duration::rep>(kSlices);
  return std::max<std::int64_t>(now.time_since_epoch() / slice, 0);
}

// Deposits of the running slice and 19 before it are younger than the window; withdrawals younger than the
// window are all in the running slice and 20 before it.
double RetryBudget::share_left(base::TimePoint now) const {
  const std::int64_t slice = slice_of(now);
  return spec_.share * static_cast<double>(deposits_.sum(slice, kSlices)) -
         static_cast<double>(withdrawals_.sum(slice, kSlices + 1));
}

void RetryBudget::deposit(base::TimePoint now) { deposits_.add(slice_of(now)); }

std::optional<base::TimePoint> RetryBudget::withdraw_by(base::TimePoint now, base::TimePoint latest) {
  // 0.2 * 5 is a hair under 1 in binary.
  constexpr double kRounding = 1e-9;
  if (share_left(now) >= 1 - kRounding) {
    withdrawals_.add(slice_of(now));
    return now;
  }
  if (spec_.reserve_every <= base::Duration{0}) return std::nullopt;
  const base::TimePoint at = std::max(now, reserve_at_);
  if (at > latest) return std::nullopt;
  reserve_at_ = base::after(at, spec_.reserve_every);
  return at;
}

double RetryBudget::balance(base::TimePoint now) const {
  const double share = std::max(share_left(now), 0.0);
  if (spec_.reserve_every <= base::Duration{0}) return share;
  const base::Duration missing = std::max(reserve_at_, now) - now;
  return share + std::max(0.0, 1 - base::seconds(missing) / base::seconds(spec_.reserve_every));
}

void RetryBudget::adopt(double share, base::Duration reserve_every) {
  spec_.share = std::max(share, 0.0);
  // The distance is kept from the last one drawn, which may lie ahead.
  const bool drawn = reserve_at_ != base::TimePoint::min();
  if (drawn) reserve_at_ = base::after(reserve_at_ - spec_.reserve_every, reserve_every);
  spec_.reserve_every = reserve_every;
}

}  // namespace dujiang::policy
