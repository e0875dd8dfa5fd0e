#include "runtime/virtual_loop.hpp"

#include <algorithm>

namespace dujiang::runtime {

void VirtualLoop::run_until(base::TimePoint until) {
  while (next_timer() != base::kNever && next_timer() <= until) {
    now_ = std::max(now_, next_timer());
    fire_due();
  }
  if (until != base::kNever) now_ = std::max(now_, until);
}

}  // namespace dujiang::runtime
