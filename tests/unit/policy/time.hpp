// Instants for tests of policies: at(2s) is two seconds after an arbitrary start.
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace dujiang::policy {

using namespace std::chrono_literals;

constexpr base::TimePoint at(base::Duration since_start) {
  return base::TimePoint{} + std::chrono::hours(1000) + since_start;
}

}  // namespace dujiang::policy
