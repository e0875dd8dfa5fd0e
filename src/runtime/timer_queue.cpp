#include "runtime/timer_queue.hpp"

namespace dujiang::runtime {

Timer::~Timer() {
  if (queue_ != nullptr) queue_->disarm(*this);
}

TimerQueue::~TimerQueue() {
  for (Timer* timer : heap_) timer->queue_ = nullptr;
}

bool TimerQueue::before(const Timer& a, const Timer& b) {
  return a.at_ != b.at_ ? a.at_ < b.at_ : a.order_ < b.order_;
}

void TimerQueue::place(Timer& timer, std::size_t index) {
  heap_[index] = &timer;
  timer.index_ = index;
}

void TimerQueue::sift_up(std::size_t index) {
  Timer& timer = *heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!before(timer, *heap_[parent])) break;
    place(*heap_[parent], index);
    index = parent;
  }
  place(timer, index);
}

void TimerQueue::sift_down(std::size_t index) {
  Timer& timer = *heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], timer)) break;
    place(*heap_[child], index);
    index = child;
  }
  place(timer, index);
}

void TimerQueue::arm(Timer& timer, base::TimePoint at) {
  disarm(timer);
  if (at == base::kNever) return;
  timer.queue_ = this;
  timer.at_ = at;
  timer.order_ = armed_count_++;
  heap_.push_back(&timer);
  sift_up(heap_.size() - 1);
}

void TimerQueue::disarm(Timer& timer) {
  if (timer.queue_ == nullptr) return;
  timer.queue_ = nullptr;
  const std::size_t index = timer.index_;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(*last, index);
  sift_up(index);
  sift_down(last->index_);
}

void TimerQueue::fire_due(base::TimePoint now) {
  const std::uint64_t armed_before = armed_count_;
  while (!heap_.empty() && heap_.front()->at_ <= now && heap_.front()->order_ < armed_before) {
    Timer& timer = *heap_.front();
    disarm(timer);
    timer.fire();
  }
}

}  // namespace dujiang::runtime
