// epoll with a deadline in nanoseconds: who waits for descriptors and for the schedule at once.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "clock.hpp"

namespace dujiang::bench {

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int fd, std::uint32_t events, std::uint64_t tag);
  void change(int fd, std::uint32_t events, std::uint64_t tag);

  /// What is ready; empty once `until` has come. Valid until the next call.
  std::span<const epoll_event> wait(Nanoseconds until);

 private:
  int fd_;
  std::array<epoll_event, 512> ready_{};
};

/// What a call to the kernel failed with, as an exception: a benchmark's tool has nothing to go on with.
[[noreturn]] void fail(const char* what);

}  // namespace dujiang::bench
