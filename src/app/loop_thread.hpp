// A loop and the thread that runs it.
#pragma once

#include <thread>

#include "runtime/epoll_loop.hpp"

namespace dujiang::app {

class LoopThread {
 public:
  LoopThread() = default;
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { stop(); }

  // From the outside: before start() and after stop(), or by post().
  runtime::EpollLoop& loop() { return loop_; }

  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }

  // Lets the turn that runs come to its end, and the thread with it. The loop is the calling thread's then.
  void stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

 private:
  runtime::EpollLoop loop_;
  std::thread thread_;
};

}  // namespace dujiang::app
