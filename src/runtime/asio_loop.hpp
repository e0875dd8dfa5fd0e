// The real loop: Asio's reactor on one thread, with one kernel timer for all the timers of the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/loop.hpp"

namespace boost::asio {
class io_context;
}

namespace dujiang::runtime {

class AsioLoop final : public Loop {
 public:
  // A seed of 0 asks the operating system for one.
  explicit AsioLoop(std::uint64_t seed = 0);
  ~AsioLoop() override;

  base::TimePoint now() const override;
  base::WallTime wall_now() const override;

  // Runs on the calling thread until stop(). Returns at once if stopped before.
  void run();

  // May be called from another thread or from a handler of the loop.
  void stop();

  void post(std::move_only_function<void()> work) override;

  // For adapters only: where their sockets live.
  boost::asio::io_context& context();

 private:
  class Impl;
  void next_timer_changed() override;

  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::runtime
