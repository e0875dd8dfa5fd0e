// The real loop: one thread, one epoll set, one sleep that ends with the next event or the next timer.
//
// Descriptors are watched edge-triggered from their first day to their last, so that a request costs no call
// that only says what is waited for; and nothing is allocated, locked or posted between an event and the
// coroutine that waits for it. (Asio's reactor made two such calls per request:
// docs/design/003-data-path.md.)
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/loop.hpp"

namespace dujiang::runtime {

// What a descriptor is ready for. An error or a hang-up is all three.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;  // the peer will send no more
};

// Something that lives on events of a descriptor. The loop holds no more than its address: unwatch() before
// it goes.
class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  virtual ~Watcher() = default;

  // May unwatch or destroy this or any other watcher.
  virtual void on_ready(Readiness ready) = 0;
};

class EpollLoop final : public Loop {
 public:
  // A seed of 0 asks the operating system for one.
  explicit EpollLoop(std::uint64_t seed = 0);
  ~EpollLoop() override;

  // When the turn began: as many things happen at one instant as one look at the kernel brought.
  // Outside run() it is the clock's own time.
  base::TimePoint now() const override { return running_ ? now_ : base::TimePoint::clock::now(); }
  base::WallTime wall_now() const override;

  // Runs on the calling thread until stop(). Returns at once if stopped before. Can be run again.
  void run();

  // May be called from another thread or from a handler of the loop; the turn is brought to its end.
  void stop();

  void post(std::move_only_function<void()> work) override;

  // Tells `watcher` each time that `fd` becomes readable or writable: once, until it becomes so anew. False
  // where the kernel can't watch one more descriptor, or not one of this kind.
  [[nodiscard]] bool watch(int fd, Watcher& watcher);

  // Tells it in every turn in which the descriptor is ready for what is wanted; call again to want something
  // else.
  enum class Want : std::uint8_t { nothing, read, write, both };
  [[nodiscard]] bool watch_level(int fd, Watcher& watcher, Want want);

  // REQUIRES: `fd` is open.
  void unwatch(int fd, Watcher& watcher);

 private:
  class Wakeup;
  static constexpr std::size_t kEventsAtOnce = 256;

  void look(base::TimePoint until);

  base::TimePoint now_;
  bool running_ = false;
  int epoll_ = -1;
  std::atomic<bool> stopped_ = false;
  std::unique_ptr<Wakeup> wakeup_;
  // Whom the events of this turn are for that have not been told; null where one went meanwhile.
  std::array<Watcher*, kEventsAtOnce> told_{};
  std::size_t telling_ = 0;
  std::size_t told_count_ = 0;
};

}  // namespace dujiang::runtime
