#include "adapters/net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace dujiang::adapters::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn
constexpr base::Duration kStarvedPause = std::chrono::milliseconds(100);

// A peer who reads nothing would have the kernel hold megabytes for him; what is on its way to one who reads
// does not count.
constexpr int kMostUnsent = 128 << 10;

void limit_unsent(int fd) {
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof kMostUnsent);
}

std::string bind_error(const SocketAddress& at, int error) {
  const std::string where = at.to_string();
  switch (error) {
    case EADDRINUSE:
      return "cannot listen on " + where +
             ": the port is in use by another program; choose another one, or port 0 "
             "for any free one";
    case EACCES:
      return "cannot listen on " + where +
             ": no permission; ports below 1024 need a privilege, choose a higher one";
    case EADDRNOTAVAIL:
      return "cannot listen on " + where + ": this machine has no such address";
    default:
      return "cannot listen on " + where + ": " + std::generic_category().message(error);
  }
}

void set_option(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

base::Result<Socket> bound_socket(runtime::EpollLoop& loop, const SocketAddress& at, bool beside_others) {
  const int fd = ::socket(at.is_ip6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return base::fail(bind_error(at, errno));
  Socket socket(loop, fd);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  if (beside_others) set_option(fd, SOL_SOCKET, SO_REUSEPORT);
  if (at.is_ip6()) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  sockaddr_storage native{};
  auto* address = reinterpret_cast<sockaddr*>(&native);
  const socklen_t size = at.to_native(*address);
  if (::bind(fd, address, size) != 0) return base::fail(bind_error(at, errno));
  return socket;
}

// Errors of one connection that was lost between the handshake and accept(): the next one may be fine.
bool is_lost_connection(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

// The path of a Unix socket's address; "(unnamed)" and "@name" for those without a file.
std::string path_in(const sockaddr_storage& native, socklen_t size) {
  sockaddr_un address{};
  std::memcpy(&address, &native, sizeof address);
  const std::size_t length = size - offsetof(sockaddr_un, sun_path);
  if (length == 0) return "(unnamed)";
  std::string path(address.sun_path, length);
  if (path.front() == '\0') {
    path.front() = '@';
    return path;
  }
  return path.substr(0, path.find('\0'));
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(runtime::EpollLoop& loop, const SocketAddress& at,
                                                       Sharing sharing) {
  auto socket = bound_socket(loop, at, false);
  if (!socket) return std::unexpected(socket.error());
  // Allowed only after the bind, so that the bind itself finds out whether another program listens here:
  // with the option set it would share with any program of the same user.
  if (sharing == Sharing::shared) set_option(socket->fd(), SOL_SOCKET, SO_REUSEPORT);
  auto listener = listen_on(std::move(*socket), at);
  if (listener) (*listener)->sharing_ = sharing;
  return listener;
}

base::Result<std::unique_ptr<Listener>> Listener::open_beside(runtime::EpollLoop& loop,
                                                              const Listener& first) {
  if (first.sharing_ == Sharing::alone) {
    const int fd = ::fcntl(first.socket_.fd(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return base::fail(bind_error(first.address(), errno));
    if (first.is_unix()) return std::unique_ptr<Listener>(new Listener(Socket(loop, fd), first.path()));
    return std::unique_ptr<Listener>(new Listener(Socket(loop, fd), first.address()));
  }
  auto socket = bound_socket(loop, first.address(), true);
  if (!socket) return std::unexpected(socket.error());
  auto listener = listen_on(std::move(*socket), first.address());
  if (listener) (*listener)->sharing_ = first.sharing_;
  return listener;
}

base::Result<std::unique_ptr<Listener>> Listener::listen_on(Socket socket, const SocketAddress& at) {
  if (::listen(socket.fd(), kBacklog) != 0) return base::fail(bind_error(at, errno));
  sockaddr_storage native{};
  auto* address = reinterpret_cast<sockaddr*>(&native);
  socklen_t size = sizeof native;
  if (::getsockname(socket.fd(), address, &size) != 0) return base::fail(bind_error(at, errno));
  return std::unique_ptr<Listener>(new Listener(std::move(socket), SocketAddress::from_native(*address)));
}

base::Result<std::unique_ptr<Listener>> Listener::open_unix(runtime::EpollLoop& loop, const std::string& path,
                                                            mode_t mode) {
  auto made = listen_unix(path, mode, kBacklog);
  if (!made) return std::unexpected(made.error());
  std::unique_ptr<Listener> listener(new Listener(Socket(loop, made->fd), path));
  listener->file_ = std::move(*made);
  return listener;
}

base::Result<std::unique_ptr<Listener>> Listener::adopt(runtime::EpollLoop& loop, int fd) {
  sockaddr_storage native{};
  auto* address = reinterpret_cast<sockaddr*>(&native);
  socklen_t size = sizeof native;
  int listens = 0;
  socklen_t listens_size = sizeof listens;
  int type = 0;
  socklen_t type_size = sizeof type;
  const bool is_listening = ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 &&
                            ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && listens == 1 &&
                            type == SOCK_STREAM && ::getsockname(fd, address, &size) == 0;
  const bool is_unix = is_listening && native.ss_family == AF_UNIX;
  if (!is_listening || (!is_unix && native.ss_family != AF_INET && native.ss_family != AF_INET6)) {
    return base::fail("descriptor " + std::to_string(fd) +
                      ", which was handed over to be listened on, is no listening stream socket");
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  Socket socket(loop, fd);
  if (is_unix) return std::unique_ptr<Listener>(new Listener(std::move(socket), path_in(native, size)));
  return std::unique_ptr<Listener>(new Listener(std::move(socket), SocketAddress::from_native(*address)));
}

runtime::Task<Accepted> Listener::accept() {
  runtime::EpollLoop& loop = socket_.loop();
  while (!closed()) {
    sockaddr_storage native{};
    auto* address = reinterpret_cast<sockaddr*>(&native);
    socklen_t size = sizeof native;
    const int fd = ::accept4(socket_.fd(), address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      if (is_unix()) co_return Accepted{.conn = std::make_unique<TcpConn>(Socket(loop, fd)), .peer = {}};
      set_no_delay(fd);
      limit_unsent(fd);
      co_return Accepted{.conn = std::make_unique<TcpConn>(Socket(loop, fd)),
                         .peer = SocketAddress::from_native(*address)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      co_await socket_.readable().wait(base::kNever);
    } else if (!is_lost_connection(errno)) {
      // No descriptor left: the connection stays in the kernel's queue, and readable() would fire at once.
      on_starved_(errno);
      co_await runtime::sleep_until(loop, base::after(loop.now(), kStarvedPause));
    }
  }
  co_return Accepted{};
}

void Listener::close() {
  if (closed()) return;
  runtime::Signal& waiter = socket_.readable();
  socket_.close();
  if (file_) remove_file(*file_);
  waiter.notify();
}

}  // namespace dujiang::adapters::net
