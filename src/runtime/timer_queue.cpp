#include "runtime/timer_queue.hpp"

#include <utility>

namespace dujiang::runtime {

Timer::~Timer() {
  if (queue_ != nullptr) queue_->forget(*this);
}

TimerQueue::~TimerQueue() {
  for (const Entry& entry : heap_) entry.timer->queue_ = nullptr;
  for (Timer* timer : line_) {
    if (timer != nullptr) timer->queue_ = nullptr;
  }
}

bool TimerQueue::before(const Entry& a, const Entry& b) {
  return a.at != b.at ? a.at < b.at : a.order < b.order;
}

void TimerQueue::place(const Entry& entry, std::size_t index) {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index) {
  const Entry entry = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!before(entry, heap_[parent])) break;
    place(heap_[parent], index);
    index = parent;
  }
  place(entry, index);
}

void TimerQueue::sift_down(std::size_t index) {
  const Entry entry = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], entry)) break;
    place(heap_[child], index);
    index = child;
  }
  place(entry, index);
}

// Takes an entry out of the heap.
void TimerQueue::remove(std::size_t index) {
  Timer& timer = *heap_[index].timer;
  timer.place_ = Timer::Place::none;
  timer.queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.timer == &timer) return;
  place(last, index);
  sift_up(index);
  sift_down(last.timer->index_);
}

void TimerQueue::leave_line(Timer& timer) {
  (timer.place_ == Timer::Place::line ? line_ : firing_)[timer.index_] = nullptr;
  timer.place_ = Timer::Place::none;
  timer.queue_ = nullptr;
}

void TimerQueue::forget(Timer& timer) {
  if (timer.place_ == Timer::Place::heap) {
    remove(timer.index_);
  } else {
    leave_line(timer);
  }
}

void TimerQueue::arm(Timer& timer, base::TimePoint at) {
  if (timer.place_ != Timer::Place::none && timer.place_ != Timer::Place::heap) leave_line(timer);
  timer.at_ = at;
  timer.order_ = armed_count_++;
  if (timer.place_ == Timer::Place::heap) {
    Entry& entry = heap_[timer.index_];
    if (at >= entry.at) return;
    entry = {.at = at, .order = timer.order_, .timer = &timer};
    sift_up(timer.index_);
  } else if (at != base::kNever) {
    timer.queue_ = this;
    timer.place_ = Timer::Place::heap;
    heap_.push_back({.at = at, .order = timer.order_, .timer = &timer});
    sift_up(heap_.size() - 1);
  }
}

void TimerQueue::arm_soon(Timer& timer) {
  if (timer.place_ != Timer::Place::none) forget(timer);
  timer.at_ = kSoon;
  timer.queue_ = this;
  timer.place_ = Timer::Place::line;
  timer.index_ = static_cast<std::uint32_t>(line_.size());
  line_.push_back(&timer);
}

// Puts the front of the heap right; false when the heap is empty.
bool TimerQueue::settle_front() {
  while (!heap_.empty()) {
    Entry& front = heap_.front();
    const Timer& timer = *front.timer;
    if (timer.at_ == base::kNever) {
      remove(0);
    } else if (timer.at_ != front.at || timer.order_ != front.order) {
      front.at = timer.at_;
      front.order = timer.order_;
      sift_down(0);
    } else {
      return true;
    }
  }
  return false;
}

base::TimePoint TimerQueue::next() {
  if (!line_.empty()) return kSoon;
  return settle_front() ? heap_.front().at : base::kNever;
}

void TimerQueue::fire_due(base::TimePoint now) {
  const std::uint64_t armed_before = armed_count_;
  firing_.swap(line_);
  for (Timer* timer : firing_) {
    if (timer != nullptr) timer->place_ = Timer::Place::firing;
  }
  while (settle_front() && heap_.front().at <= now && heap_.front().order < armed_before) {
    Timer& timer = *heap_.front().timer;
    remove(0);
    timer.fire();
  }
  for (std::size_t i = 0; i < firing_.size(); ++i) {
    if (firing_[i] == nullptr) continue;
    Timer& timer = *firing_[i];
    leave_line(timer);
    timer.fire();
  }
  firing_.clear();
}

}  // namespace dujiang::runtime
