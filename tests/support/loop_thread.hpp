// An EpollLoop that runs on a thread of its own, so that a test can speak to it over plain blocking sockets.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/time.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::testing {

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  // What lives on the loop must be gone, or owned by its tasks.
  ~LoopThread() {
    loop_.stop();
    thread_.join();
  }

  // For call() and for what is only used on the loop's thread.
  runtime::EpollLoop& loop() { return loop_; }

  // Runs `work` on the loop's thread and returns its result.
  template <class F>
  auto call(F work) {
    using T = std::invoke_result_t<F>;
    std::packaged_task<T()> task(std::move(work));
    auto result = task.get_future();
    loop_.post([&task] { task(); });
    return result.get();
  }

  // Runs a task on the loop to its end and returns its result.
  template <class T>
  T await(std::function<runtime::Task<T>()> make) {
    std::promise<T> promise;
    auto result = promise.get_future();
    loop_.post([&] { loop_.spawn(keep(make(), promise)); });
    return result.get();
  }

  // Lets the calling thread wait for so long: between two looks at something that it can't be woken by.
  void pause(base::Duration span) {
    await<bool>([&] { return nap(loop_, base::after(loop_.now(), span)); });
  }

 private:
  static runtime::Task<bool> nap(runtime::Loop& loop, base::TimePoint until) {
    co_await runtime::sleep_until(loop, until);
    co_return true;
  }

  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::promise<T>& promise) {
    promise.set_value(co_await task);
  }

  runtime::EpollLoop loop_;
  std::thread thread_;
};

}  // namespace dujiang::testing
