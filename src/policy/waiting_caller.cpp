#include "policy/waiting_caller.hpp"

#include <algorithm>

namespace dujiang::policy {

namespace {

base::Duration interval_of(std::optional<base::Duration> interval, std::optional<base::Duration> silence) {
  if (!interval) return base::Duration::max();
  constexpr base::Duration kLeast = std::chrono::milliseconds(100);
  const base::Duration wanted = silence ? std::min(*interval, *silence * 2 / 3) : *interval;
  return std::max(wanted, kLeast);
}

}  // namespace

WaitingCaller::WaitingCaller(base::TimePoint received, std::optional<base::Duration> interval,
                             std::optional<base::Duration> silence)
    : last_(received), interval_(interval_of(interval, silence)) {}

}  // namespace dujiang::policy
