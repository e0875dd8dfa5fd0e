// The one clock of the benchmark's tools: nanoseconds, the same for every process of the machine.
#pragma once

#include <cstdint>
#include <ctime>

namespace dujiang::bench {

using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kMillisecond = 1'000'000;
inline constexpr Nanoseconds kSecond = 1'000 * kMillisecond;

inline Nanoseconds now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * kSecond + at.tv_nsec;
}

}  // namespace dujiang::bench
