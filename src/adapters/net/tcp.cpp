#include "adapters/net/tcp.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace dujiang::adapters::net {
namespace {

IoResult failed(int error) {
  return {.status = error == EAGAIN || error == EWOULDBLOCK ? IoStatus::would_block : IoStatus::reset};
}

std::unexpected<ConnectFailure> connect_failure(const SocketAddress& to, int error) {
  using Kind = ConnectFailure::Kind;
  const std::string peer = to.to_string();
  switch (error) {
    case ECONNREFUSED:
      return std::unexpected(ConnectFailure{Kind::refused, peer + " refuses connections"});
    case ETIMEDOUT:
      return std::unexpected(ConnectFailure{Kind::timeout, peer + " did not answer in time"});
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EAGAIN:
      return std::unexpected(ConnectFailure{Kind::local, "no connection to " + peer + " can be opened: " +
                                                             std::generic_category().message(error)});
    default:
      return std::unexpected(ConnectFailure{
          Kind::unreachable, peer + " cannot be reached: " + std::generic_category().message(error)});
  }
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Whether a connection under way is established: the peer has a name then.
bool is_connected(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

}  // namespace

IoResult TcpConn::read(std::span<char> into) { return receive(into, 0); }

IoResult TcpConn::peek(std::span<char> into) { return receive(into, MSG_PEEK); }

IoResult TcpConn::receive(std::span<char> into, int flags) {
  if (socket_.fd() < 0) return {.status = IoStatus::reset};
  const std::ptrdiff_t n = socket_.receive(into, flags);
  if (n > 0) return {.status = IoStatus::ok, .bytes = static_cast<std::size_t>(n)};
  return n == 0 ? IoResult{.status = IoStatus::eof} : failed(errno);
}

IoResult TcpConn::write(std::string_view first, std::string_view second) {
  if (socket_.fd() < 0) return {.status = IoStatus::reset};
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = first.empty() ? parts + 1 : parts;
  message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
  while (true) {
    const ssize_t n = ::sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
    if (n >= 0) return {.status = IoStatus::ok, .bytes = static_cast<std::size_t>(n)};
    if (errno != EINTR) return failed(errno);
  }
}

bool TcpConn::peer_has_left() const {
  if (socket_.fd() < 0) return true;
  pollfd look{.fd = socket_.fd(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

SocketAddress TcpConn::peer() const {
  sockaddr_storage peer{};
  auto* address = reinterpret_cast<sockaddr*>(&peer);
  socklen_t size = sizeof peer;
  return ::getpeername(socket_.fd(), address, &size) == 0 ? SocketAddress::from_native(*address)
                                                          : SocketAddress();
}

void TcpConn::shutdown_write() {
  if (socket_.fd() >= 0) ::shutdown(socket_.fd(), SHUT_WR);
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

runtime::Task<TcpConnected> connect_tcp(runtime::EpollLoop& loop, SocketAddress to, base::TimePoint until,
                                        std::stop_token unwanted) {
  const int fd = ::socket(to.is_ip6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) co_return connect_failure(to, errno);
  Socket socket(loop, fd);
  if (socket.fd() < 0) co_return connect_failure(to, ENOMEM);  // the kernel cannot watch one more
  set_no_delay(fd);
  sockaddr_storage native{};
  auto* address = reinterpret_cast<sockaddr*>(&native);
  const socklen_t size = to.to_native(*address);
  if (::connect(fd, address, size) == 0) co_return std::make_unique<TcpConn>(std::move(socket));
  if (errno != EINPROGRESS && errno != EINTR) co_return connect_failure(to, errno);
  const std::stop_callback wake_up(unwanted, [&socket] { socket.writable().notify(); });
  while (true) {
    const runtime::Wake wake = co_await socket.writable().wait(until);
    if (const int error = pending_error(fd); error != 0) co_return connect_failure(to, error);
    if (is_connected(fd)) co_return std::make_unique<TcpConn>(std::move(socket));
    if (wake == runtime::Wake::timeout || unwanted.stop_requested()) co_return connect_failure(to, ETIMEDOUT);
  }
}

}  // namespace dujiang::adapters::net
