// A listening TCP socket and the connections that come in on it.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "adapters/net/address.hpp"
#include "adapters/net/socket.hpp"
#include "adapters/net/tcp.hpp"
#include "base/result.hpp"
#include "runtime/asio_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::net {

struct Accepted {
  std::unique_ptr<TcpConn> conn;
  SocketAddress peer;
};

class Listener {
 public:
  // Binds and listens; port 0 takes any free one. The error says which address, why, and what to do.
  static base::Result<std::unique_ptr<Listener>> open(runtime::AsioLoop& loop, const SocketAddress& at);

  // With the port that was really bound.
  const SocketAddress& address() const { return address_; }

  // The next connection; one without `conn` means that the listener was closed. One call at a time. Where the
  // process or the kernel is out of descriptors it waits and tries again ten times a second.
  runtime::Task<Accepted> accept();

  // Ends a waiting accept() too. Connections that the kernel has accepted already are reset.
  void close();
  bool closed() const { return socket_.fd() < 0; }

  // Is told each time that accept() has to wait because no descriptor or memory was left, with the errno.
  void on_starved(std::function<void(int error)> tell) { on_starved_ = std::move(tell); }

 private:
  Listener(Socket socket, const SocketAddress& address) : socket_(std::move(socket)), address_(address) {}

  Socket socket_;
  SocketAddress address_;
  std::function<void(int error)> on_starved_ = [](int) {};
};

}  // namespace dujiang::adapters::net
