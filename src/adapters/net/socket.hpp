// A non-blocking descriptor on an AsioLoop, with one signal per direction; what every Conn and listener
// stands on.
#pragma once

#include <memory>

#include "runtime/asio_loop.hpp"

namespace dujiang::adapters::net {

// Owns the descriptor. Waiting needs no buffer: an idle Socket costs its descriptor and a few hundred bytes.
// It may be destroyed at any time but while a coroutine waits for one of its signals.
class Socket {
 public:
  // Takes over `fd`, an open socket or pipe, and makes it non-blocking. Where the kernel cannot watch one
  // more descriptor it is closed, as if the peer had broken the connection.
  Socket(runtime::AsioLoop& loop, int fd);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  // Closes the descriptor and cancels what the reactor still waits for.
  ~Socket();

  int fd() const { return fd_; }  // -1 once closed
  runtime::AsioLoop& loop() const;

  // Asking for a signal makes the reactor watch for it, so ask each time before waiting:
  // `co_await socket.readable().wait(until)`. Errors and hang-ups signal both. A closed socket never signals.
  runtime::Signal& readable();
  runtime::Signal& writable();

  // Closes the descriptor; the peer sees a FIN (after the bytes that the kernel still holds) or, where bytes
  // of the peer were never read, a reset.
  void close();

  // Closes the descriptor so that the peer sees a reset and bytes that wait in the kernel are dropped.
  void reset();

 private:
  class State;
  std::shared_ptr<State> state_;
  int fd_ = -1;
};

}  // namespace dujiang::adapters::net
