#include "adapters/net/socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace dujiang::adapters::net {

namespace asio = boost::asio;

// Shared with the reactor's handlers: a wait that was pending when the Socket went away still has where to
// end.
class Socket::State : public std::enable_shared_from_this<State> {
 public:
  using Wait = asio::posix::stream_descriptor::wait_type;

  struct Direction {
    explicit Direction(runtime::Loop& loop) : signal(loop) {}
    runtime::Signal signal;
    bool watched = false;  // a wait of the reactor is pending
  };

  explicit State(runtime::AsioLoop& on) : loop(on), descriptor(on.context()), readable(on), writable(on) {}

  bool take_over(int fd) {
    boost::system::error_code error;
    return !descriptor.assign(fd, error) && !descriptor.non_blocking(true, error);
  }

  void watch(Direction& direction, Wait wait) {
    if (direction.watched || !descriptor.is_open()) return;
    direction.watched = true;
    descriptor.async_wait(wait,
                          [self = shared_from_this(), &direction](const boost::system::error_code& error) {
                            direction.watched = false;
                            if (error == asio::error::operation_aborted) return;
                            direction.signal.notify_now();
                          });
  }

  runtime::AsioLoop& loop;
  asio::posix::stream_descriptor descriptor;
  Direction readable;
  Direction writable;
};

Socket::Socket(runtime::AsioLoop& loop, int fd) : state_(std::make_shared<State>(loop)), fd_(fd) {
  if (state_->take_over(fd)) return;
  if (!state_->descriptor.is_open()) ::close(fd);
  close();
}

Socket::Socket(Socket&& other) noexcept
    : state_(std::move(other.state_)), fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (state_) close();
}

runtime::AsioLoop& Socket::loop() const { return state_->loop; }

runtime::Signal& Socket::readable() {
  state_->watch(state_->readable, State::Wait::wait_read);
  return state_->readable.signal;
}

runtime::Signal& Socket::writable() {
  state_->watch(state_->writable, State::Wait::wait_write);
  return state_->writable.signal;
}

void Socket::close() {
  fd_ = -1;
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);  // NOLINT(bugprone-unused-return-value): it is closed whatever it says
}

void Socket::reset() {
  if (fd_ < 0) return;
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

}  // namespace dujiang::adapters::net
