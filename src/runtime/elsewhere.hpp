// What one loop asks of another: work that runs there, and its result, awaited here.
//
// Where both loops are one, nothing is posted and nothing waits: the work runs within the call. Otherwise it
// is moved to the other thread and its result back, so both own, or know to outlive them, whatever they
// touch; and both loops run until the answer has come.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::runtime {

namespace detail {

template <class T>
struct Reply {
  explicit Reply(Loop& here) : arrived(here) {}
  Signal arrived;
  std::optional<T> value;
};

// Sends the reply back whole: the other thread keeps no part of it.
template <class T>
void send_back(std::shared_ptr<Reply<T>> reply, T value) {
  Loop& here = reply->arrived.loop();
  here.post([reply = std::move(reply), value = std::move(value)]() mutable {
    reply->value.emplace(std::move(value));
    reply->arrived.notify_now();
  });
}

template <class T>
Task<void> run_and_send_back(Task<T> task, std::shared_ptr<Reply<T>> reply) {
  T value = co_await task;
  send_back(std::move(reply), std::move(value));
}

}  // namespace detail

// Runs `work` on `there` and returns its result on `here`.
template <std::invocable F>
Task<std::invoke_result_t<F&>> call_on(Loop& here, Loop& there, F work) {
  using T = std::invoke_result_t<F&>;
  if (&here == &there) co_return work();
  auto reply = std::make_shared<detail::Reply<T>>(here);
  there.post([reply, work = std::move(work)]() mutable { detail::send_back<T>(std::move(reply), work()); });
  co_await reply->arrived.wait(base::kNever);
  co_return std::move(*reply->value);  // NOLINT(bugprone-unchecked-optional-access): set before the signal
}

// Runs the task that `make` returns on `there`, and returns its result on `here`.
template <std::invocable F>
auto await_on(Loop& here, Loop& there, F make) -> std::invoke_result_t<F&> {
  using T = decltype(std::declval<std::invoke_result_t<F&>&>().await_resume());
  if (&here == &there) co_return co_await make();
  auto reply = std::make_shared<detail::Reply<T>>(here);
  there.post([&there, reply, make = std::move(make)]() mutable {
    there.spawn(detail::run_and_send_back<T>(make(), std::move(reply)));
  });
  co_await reply->arrived.wait(base::kNever);
  co_return std::move(*reply->value);  // NOLINT(bugprone-unchecked-optional-access): set before the signal
}

// Runs `work` on `there`; nobody waits for it.
template <std::invocable F>
void tell(Loop& here, Loop& there, F work) {
  if (&here == &there) {
    work();
  } else {
    there.post(std::move(work));
  }
}

}  // namespace dujiang::runtime
