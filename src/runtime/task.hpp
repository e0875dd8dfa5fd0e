// Task<T>: a lazy coroutine that runs when awaited and resumes its awaiter when done.
//
// A child that finishes without suspending never grows the stack, at any optimisation level: the awaiter
// starts it by a plain call and, where it is done by then, does not suspend at all. (Symmetric transfer
// would rely on tail calls, which sanitizer builds do not make.)
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace dujiang::runtime {

template <class T>
class Task;

namespace detail {

class PromiseBase {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      promise.done_ = true;
      // The awaiter may destroy this frame while it runs: nothing of the frame is touched after resume().
      if (promise.awaiter_suspended_) promise.awaiter_.resume();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  // Runs the task until it is done or suspends; true when the awaiter has to suspend too.
  bool start(std::coroutine_handle<> self, std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    self.resume();
    if (done_) return false;
    awaiter_suspended_ = true;
    return true;
  }

 protected:
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::coroutine_handle<> awaiter_;
  std::exception_ptr exception_;
  bool done_ = false;
  bool awaiter_suspended_ = false;
};

template <class T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    // Done without an exception: return_value() has set it.
    return std::move(*value_);  // NOLINT(bugprone-unchecked-optional-access)
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() noexcept {}
  void take() const { rethrow(); }
};

// The result of what never had a frame.
template <class T>
struct Done {
  std::optional<T> value;
  // REQUIRES: there is a value.
  T take() { return std::move(*value); }  // NOLINT(bugprone-unchecked-optional-access)
};

template <>
struct Done<void> {
  void take() const {}
};

}  // namespace detail

// Await it once. Destroying it unawaited or suspended destroys the coroutine's frame and its locals.
//
// What is done without waiting needs no frame: a function that returns a Task without being a coroutine
// itself can return done(value), or the Task of the coroutine that waits.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  explicit Task(detail::Done<T> result) : result_(std::move(result)) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, {})), result_(std::move(other.result_)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(result_, other.result_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return !handle_; }
  bool await_suspend(std::coroutine_handle<> awaiter) { return handle_.promise().start(handle_, awaiter); }
  T await_resume() { return handle_ ? handle_.promise().take() : result_.take(); }

 private:
  Handle handle_;           // none: done
  detail::Done<T> result_;  // then
};

inline Task<void> done() { return Task<void>(detail::Done<void>{}); }

template <class T>
Task<T> done(T value) {
  return Task<T>(detail::Done<T>{std::move(value)});
}

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace dujiang::runtime
