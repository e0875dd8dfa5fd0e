// Runs one coroutine on a real loop until it is done, so that a test reads from top to bottom.
#pragma once

#include <optional>
#include <stdexcept>
#include <utility>

#include "runtime/epoll_loop.hpp"

namespace dujiang::testing {

namespace detail {

template <class T>
runtime::Task<void> store_and_stop(runtime::EpollLoop& loop, runtime::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await task);
  loop.stop();
}

inline runtime::Task<void> finish_and_stop(runtime::EpollLoop& loop, runtime::Task<void> task) {
  co_await task;
  loop.stop();
}

}  // namespace detail

template <class T>
T run(runtime::EpollLoop& loop, runtime::Task<T> task) {
  std::optional<T> result;
  loop.spawn(detail::store_and_stop(loop, std::move(task), result));
  loop.run();
  if (!result) throw std::logic_error("the loop was stopped before the task was done");
  return std::move(*result);
}

inline void run(runtime::EpollLoop& loop, runtime::Task<void> task) {
  loop.spawn(detail::finish_and_stop(loop, std::move(task)));
  loop.run();
}

}  // namespace dujiang::testing
