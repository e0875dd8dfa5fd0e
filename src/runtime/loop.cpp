#include "runtime/loop.hpp"

#include <exception>
#include <utility>

namespace dujiang::runtime {

// The outermost frame of a spawned task. It starts by a timer and frees itself at its end.
class Loop::Detached {
 public:
  class promise_type : public Timer {
   public:
    promise_type(Loop& loop, Task<void>& /*task*/) : loop_(loop), place_(loop.live_tasks_.size()) {
      loop_.live_tasks_.push_back(handle());
    }
    ~promise_type() override {
      auto& tasks = loop_.live_tasks_;
      Handle::from_address(tasks.back().address()).promise().place_ = place_;
      tasks[place_] = tasks.back();
      tasks.pop_back();
    }
    Detached get_return_object() {
      loop_.arm_soon(*this);
      return {};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

   private:
    using Handle = std::coroutine_handle<promise_type>;
    Handle handle() { return Handle::from_promise(*this); }
    void fire() override { handle().resume(); }

    Loop& loop_;
    std::size_t place_;
  };
};

Loop::Detached Loop::run_detached(Loop& /*loop*/, Task<void> task) { co_await task; }

Loop::~Loop() { drop_tasks(); }

void Loop::drop_tasks() {
  while (!live_tasks_.empty()) live_tasks_.back().destroy();
}

void Loop::spawn(Task<void> task) { run_detached(*this, std::move(task)); }

void Signal::notify() {
  notified_ = true;
  if (waiter_) loop_.arm_soon(*this);
}

void Signal::notify_now() {
  notified_ = true;
  if (!waiter_) return;
  loop_.arm(*this, base::kNever);
  fire();
}

void Signal::suspend(std::coroutine_handle<> handle, base::TimePoint until) {
  waiter_ = handle;
  loop_.arm(*this, until);
}

void Signal::fire() { std::exchange(waiter_, {}).resume(); }

Wake Signal::take() { return std::exchange(notified_, false) ? Wake::signalled : Wake::timeout; }

Task<void> sleep_until(Loop& loop, base::TimePoint until) {
  Signal never(loop);
  co_await never.wait(until);
}

}  // namespace dujiang::runtime
