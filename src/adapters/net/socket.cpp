#include "adapters/net/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace dujiang::adapters::net {

// Stays where it is while the Socket moves: the loop knows its address.
class Socket::State final : public runtime::Watcher {
 public:
  explicit State(runtime::EpollLoop& on) : loop(on), readable(on), writable(on) {}

  void on_ready(runtime::Readiness ready) override {
    if (ready.ended) peer_ended = true;
    if (ready.readable) more = true;
    if (ready.writable) room = true;
    const bool wake_reader = ready.readable && readable.awaited();
    // Whoever is woken may end all this, so the last one is woken in place and another one later.
    if (ready.writable && writable.awaited()) {
      if (!wake_reader) return writable.notify_now();
      writable.notify();
    }
    if (wake_reader) readable.notify_now();
  }

  runtime::EpollLoop& loop;
  runtime::Signal readable;
  runtime::Signal writable;
  bool more = false;        // the kernel may hold something to read
  bool room = false;        // it said that there is room to write, and nobody has waited for it since
  bool peer_ended = false;  // an end waits behind the bytes
};

Socket::Socket(runtime::EpollLoop& loop, int fd) : state_(std::make_unique<State>(loop)), fd_(fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  const bool ready = (flags & O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
  if (ready && loop.watch(fd, *state_)) return;
  ::close(fd);
  fd_ = -1;
}

Socket::Socket(Socket&& other) noexcept
    : state_(std::move(other.state_)), fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() { close(); }

runtime::EpollLoop& Socket::loop() const { return state_->loop; }

runtime::Signal& Socket::readable() {
  if (std::exchange(state_->more, false)) state_->readable.notify();
  return state_->readable;
}

runtime::Signal& Socket::writable() {
  if (std::exchange(state_->room, false)) state_->writable.notify();
  return state_->writable;
}

std::ptrdiff_t Socket::receive(std::span<char> into, int flags) {
  while (true) {
    const std::ptrdiff_t n = ::recv(fd_, into.data(), into.size(), flags);
    if (n < 0 && errno == EINTR) continue;
    const bool left_some = (flags & MSG_PEEK) != 0 || static_cast<std::size_t>(n) == into.size();
    state_->more = n > 0 && (left_some || state_->peer_ended);
    return n;
  }
}

bool Socket::may_have_more() const { return state_->more; }

void Socket::close() {
  if (fd_ < 0) return;
  state_->loop.unwatch(fd_, *state_);
  ::close(std::exchange(fd_, -1));
}

void Socket::reset() {
  if (fd_ < 0) return;
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

}  // namespace dujiang::adapters::net
