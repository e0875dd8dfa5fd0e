// The caller while it waits: signs of life when they are due, and the wake-up when it hangs up.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "engine/answer.hpp"
#include "policy/waiting_caller.hpp"
#include "runtime/loop.hpp"

namespace dujiang::engine {

class Caller {
 public:
  Caller(runtime::Loop& loop, Answer& answer, policy::WaitingCaller patience, std::stop_token gone)
      : loop_(loop),
        answer_(answer),
        patience_(patience),
        gone_(std::move(gone)),
        on_gone_(gone_, Wake{this}) {}

  // The caller hung up, or a write to it failed.
  bool gone() const { return lost_ || gone_.stop_requested(); }

  // When attend() has something to do.
  base::TimePoint due() const { return patience_.due(); }

  // Sends a sign of life if one is due.
  runtime::Task<void> attend() { return gone() || loop_.now() < due() ? runtime::done() : give_sign(); }

  // Notes what a write to the caller came to.
  void written(bool arrived) {
    if (!arrived) lost_ = true;
    patience_.on_written(loop_.now());
  }

  // While the returned object lives, a hang-up calls `wake`, so that whoever waits sees gone().
  class [[nodiscard]] Watch {
   public:
    Watch(Caller& caller, std::function<void()> wake) : caller_(caller) { caller_.wake_ = std::move(wake); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { caller_.wake_ = nullptr; }

   private:
    Caller& caller_;
  };

 private:
  struct Wake {
    Caller* caller;
    void operator()() const {
      if (caller->wake_) caller->wake_();
    }
  };

  runtime::Task<void> give_sign() { written(co_await answer_.sign_of_life()); }

  runtime::Loop& loop_;
  Answer& answer_;
  policy::WaitingCaller patience_;
  std::stop_token gone_;
  bool lost_ = false;
  std::function<void()> wake_;
  std::stop_callback<Wake> on_gone_;
};

}  // namespace dujiang::engine
