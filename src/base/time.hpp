// The two kinds of time: TimePoint to decide with, WallTime to tell people.
#pragma once

#include <chrono>

namespace dujiang::base {

using Duration = std::chrono::nanoseconds;

// A monotonic instant. Policies take it as the argument `now`; only a runtime::Loop makes one.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Civil time, for logs, HTTP dates and `created` fields.
using WallTime = std::chrono::system_clock::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

// `at + by`, saturating at kNever so that "never" survives arithmetic.
constexpr TimePoint after(TimePoint at, Duration by) { return by >= kNever - at ? kNever : at + by; }

constexpr double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace dujiang::base
