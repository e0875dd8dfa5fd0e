// A listening socket, TCP or Unix, and the connections that come in on it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/net/address.hpp"
#include "adapters/net/socket.hpp"
#include "adapters/net/tcp.hpp"
#include "adapters/net/unix_socket.hpp"
#include "base/result.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::net {

struct Accepted {
  std::unique_ptr<TcpConn> conn;
  std::optional<SocketAddress> peer;  // none over a Unix socket
};

class Listener {
 public:
  // Whether the kernel may deal the connections out to listeners of other loops (SO_REUSEPORT).
  enum class Sharing : std::uint8_t { alone, shared };

  // Binds and listens; port 0 takes any free one. The error says which address, why, and what to do: an
  // address that another program listens on is refused, shared or not.
  static base::Result<std::unique_ptr<Listener>> open(runtime::EpollLoop& loop, const SocketAddress& at,
                                                      Sharing sharing = Sharing::alone);

  // One more listener beside `first` on another loop. Where that is not shared (a Unix socket, or one that
  // was taken over), both hold the same socket, and a connection comes to whoever takes it first.
  static base::Result<std::unique_ptr<Listener>> open_beside(runtime::EpollLoop& loop, const Listener& first);

  // Listens on a Unix socket: its file has these rights, and goes with the listener.
  static base::Result<std::unique_ptr<Listener>> open_unix(runtime::EpollLoop& loop, const std::string& path,
                                                           mode_t mode);

  // Takes over a socket that listens already, TCP or Unix; its file is not ours to remove.
  static base::Result<std::unique_ptr<Listener>> adopt(runtime::EpollLoop& loop, int fd);

  // With the port that was really bound. Of a Unix socket an empty one.
  const SocketAddress& address() const { return address_; }
  bool is_unix() const { return !path_.empty(); }
  const std::string& path() const { return path_; }  // of a Unix socket

  // The next connection; one without `conn` means that the listener was closed. One call at a time. Where the
  // process or the kernel is out of descriptors it waits and tries again ten times a second.
  runtime::Task<Accepted> accept();

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  // Ends a waiting accept() too. Connections that the kernel has accepted already are reset.
  void close();
  bool closed() const { return socket_.fd() < 0; }

  // Is told each time that accept() has to wait because no descriptor or memory was left, with the errno.
  void on_starved(std::function<void(int error)> tell) { on_starved_ = std::move(tell); }

 private:
  static base::Result<std::unique_ptr<Listener>> listen_on(Socket socket, const SocketAddress& at);
  Listener(Socket socket, const SocketAddress& address) : socket_(std::move(socket)), address_(address) {}
  Listener(Socket socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {}

  Socket socket_;
  SocketAddress address_;
  std::string path_;
  Sharing sharing_ = Sharing::alone;
  std::optional<UnixSocket> file_;  // that is removed in the end
  std::function<void(int error)> on_starved_ = [](int) {};
};

}  // namespace dujiang::adapters::net
