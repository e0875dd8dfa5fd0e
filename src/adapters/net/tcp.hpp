// TCP connections: the plain Conn, and how to make one.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>

#include "adapters/net/address.hpp"
#include "adapters/net/conn.hpp"
#include "adapters/net/socket.hpp"
#include "base/time.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::net {

// A connected stream socket.
class TcpConn final : public Conn {
 public:
  explicit TcpConn(Socket socket) : socket_(std::move(socket)) {}

  IoResult read(std::span<char> into) override;
  // Reads without taking: the next read() gives the same bytes.
  IoResult peek(std::span<char> into);
  IoResult write(std::string_view first, std::string_view second = {}) override;
  runtime::Signal& readable() override { return socket_.readable(); }
  runtime::Signal& writable() override { return socket_.writable(); }
  bool may_have_more() const override { return socket_.may_have_more(); }
  void shutdown_write() override;
  bool peer_has_left() const override;
  void reset() override { socket_.reset(); }

  // Whom it is connected to; an empty address where that is no IP socket, or broken.
  SocketAddress peer() const;

  // The socket itself, for what is built on it (TLS).
  Socket& socket() { return socket_; }

 private:
  IoResult receive(std::span<char> into, int flags);

  Socket socket_;
};

struct ConnectFailure {
  enum class Kind : std::uint8_t { refused, unreachable, timeout, local };
  Kind kind{};
  std::string message;  // "127.0.0.1:9 refuses connections"
};

using TcpConnected = std::expected<std::unique_ptr<TcpConn>, ConnectFailure>;

// Connects, by `until` at the latest. `local`: this machine has no descriptor, port or memory left for it.
// When `unwanted` is stopped, the attempt ends at once, as one that timed out.
runtime::Task<TcpConnected> connect_tcp(runtime::EpollLoop& loop, SocketAddress to, base::TimePoint until,
                                        std::stop_token unwanted = {});

// Small writes leave at once instead of waiting for the acknowledgement of earlier ones.
void set_no_delay(int fd);

}  // namespace dujiang::adapters::net
