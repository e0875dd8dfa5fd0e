// A non-blocking descriptor on a loop, with one signal per direction; what every Conn and listener stands on.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "runtime/epoll_loop.hpp"

namespace dujiang::adapters::net {

// Owns the descriptor. Waiting needs no buffer: an idle Socket costs its descriptor and a few hundred bytes.
// It may be destroyed at any time but while a coroutine waits for one of its signals.
class Socket {
 public:
  // Takes over `fd`, an open socket or pipe, and makes it non-blocking. Where the kernel cannot watch one
  // more descriptor it is closed, as if the peer had broken the connection.
  Socket(runtime::EpollLoop& loop, int fd);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  // Closes the descriptor.
  ~Socket();

  int fd() const { return fd_; }  // -1 once closed
  runtime::EpollLoop& loop() const;

  // Ask for a signal each time before waiting: `co_await socket.readable().wait(until)`. It is signalled
  // already where the kernel may hold something. Errors and hang-ups signal both. A closed socket never
  // signals.
  runtime::Signal& readable();
  runtime::Signal& writable();

  // recv(2) that knows when it has taken everything, so that nobody has to ask the kernel once more only to
  // be told so: after it has filled less than `into`, the next byte signals readable(). -1 and errno as
  // recv(2).
  std::ptrdiff_t receive(std::span<char> into, int flags = 0);

  // Whether the kernel has spoken of something to read that receive() has not found yet.
  bool may_have_more() const;

  // Closes the descriptor; the peer sees a FIN (after the bytes that the kernel still holds) or, where bytes
  // of the peer were never read, a reset.
  void close();

  // Closes the descriptor so that the peer sees a reset and bytes that wait in the kernel are dropped.
  void reset();

 private:
  class State;
  std::unique_ptr<State> state_;
  int fd_ = -1;
};

}  // namespace dujiang::adapters::net
