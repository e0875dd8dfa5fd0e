// Signals of the operating system (SIGTERM and its like), told on a loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "runtime/epoll_loop.hpp"

namespace dujiang::runtime {

class OsSignals {
 public:
  // Calls `on_signal` for each of them that comes, instead of what the process did about it before. One
  // object at a time may care for a signal; `on_signal` must not destroy it.
  OsSignals(EpollLoop& loop, std::initializer_list<int> signals, std::function<void(int signal)> on_signal);
  OsSignals(const OsSignals&) = delete;
  OsSignals& operator=(const OsSignals&) = delete;
  // Signals are met as before again.
  ~OsSignals();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::runtime
