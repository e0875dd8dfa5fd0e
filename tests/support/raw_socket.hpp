// A plain blocking TCP connection to this machine: what a test says and hears on it is bytes, well-formed or
// not.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace dujiang::testing {

class RawSocket {
 public:
  // How hearing ended.
  enum class End { open, eof, reset, timeout };

  // No call blocks for longer than this.
  static constexpr int kPatienceSeconds = 20;

  // Connects to 127.0.0.1:port.
  explicit RawSocket(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) fail("socket");
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      const int error = errno;
      close();
      errno = error;
      fail("connect");
    }
  }
  // Takes over a connected socket.
  struct Adopt {
    int fd;
  };
  explicit RawSocket(Adopt socket) : fd_(socket.fd) {}
  RawSocket(RawSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), heard_(std::move(other.heard_)) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() { close(); }

  // False when the peer has broken the connection.
  bool say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Sends copies of `bytes` until the peer takes nothing for `milliseconds`, or `most` bytes are sent; how
  // many were.
  std::size_t say_until_blocked(std::string_view bytes, std::size_t most, int milliseconds) {
    std::size_t said = 0;
    while (said < most) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        said += static_cast<std::size_t>(n);
        continue;
      }
      pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&wait, 1, milliseconds) <= 0) break;
    }
    return said;
  }

  // Bytes heard and not yet taken, after waiting for at least `size` of them or the end.
  const std::string& hear(std::size_t size) {
    while (heard_.size() < size && hear_some() == End::open) {
    }
    return heard_;
  }

  // Takes everything up to and including `mark`; empty when the end comes first.
  std::string take_until(std::string_view mark) {
    while (heard_.find(mark) == std::string::npos) {
      if (hear_some() != End::open) return {};
    }
    return take(heard_.find(mark) + mark.size());
  }

  std::string take(std::size_t size) {
    hear(size);
    std::string taken = heard_.substr(0, size);
    heard_.erase(0, size);
    return taken;
  }

  // Everything up to the end.
  std::string take_rest() {
    while (hear_some() == End::open) {
    }
    return std::exchange(heard_, {});
  }

  End end() const { return end_; }

  // Reads once; what came is in heard().
  End hear_some() {
    char bytes[65536];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) {
      heard_.append(bytes, static_cast<std::size_t>(n));
      return End::open;
    }
    if (n == 0) return end_ = End::eof;
    return end_ = errno == EAGAIN || errno == EWOULDBLOCK ? End::timeout : End::reset;
  }

  const std::string& heard() const { return heard_; }

  // Whether nothing can be heard for `milliseconds`.
  bool is_silent(int milliseconds) const {
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, milliseconds) == 0;
  }

  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // Closes so that the peer sees a reset.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  }

  int fd_;
  std::string heard_;
  End end_ = End::open;
};

}  // namespace dujiang::testing
