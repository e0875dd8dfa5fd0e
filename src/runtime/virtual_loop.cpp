#include "runtime/virtual_loop.hpp"

#include <algorithm>
#include <utility>

namespace dujiang::runtime {

void VirtualLoop::run_until(base::TimePoint until) { run_together({this}, until); }

void VirtualLoop::run_together(std::initializer_list<VirtualLoop*> loops, base::TimePoint until) {
  const auto set_clocks = [&](base::TimePoint at) {
    for (VirtualLoop* loop : loops) loop->now_ = std::max(loop->now_, at);
  };
  for (;;) {
    base::TimePoint next = base::kNever;
    for (VirtualLoop* loop : loops) next = std::min(next, loop->due());
    if (next == base::kNever || next > until) break;
    set_clocks(next);
    for (VirtualLoop* loop : loops) {
      if (loop->due() <= next) loop->turn();
    }
  }
  if (until != base::kNever) set_clocks(until);
}

void VirtualLoop::turn() {
  for (std::deque<std::move_only_function<void()>> work = std::exchange(posted_, {}); !work.empty();) {
    work.front()();
    work.pop_front();
  }
  fire_due();
}

}  // namespace dujiang::runtime
