// How a Connection passes what stands between its listener and its first request.
#include <string>
#include <utility>

#include "adapters/http/server_exchange.hpp"
#include "adapters/net/tls_conn.hpp"

namespace dujiang::adapters::http {
namespace {

using net::IoStatus;

// The first byte of every TLS connection: the type of a record that holds a handshake.
constexpr char kTlsHandshake = 0x16;

}  // namespace

runtime::Task<bool> Connection::enter(std::shared_ptr<Connection> self) {
  Connection& c = *self;
  const base::TimePoint until = base::after(c.core_->loop.now(), c.core_->settings.header_timeout);
  char first = 0;
  // Nothing is counted where nothing came: load balancers look whether a port is open.
  if (co_await c.await_first_byte(first, until) == Read::ended) co_return false;
  if (first != kTlsHandshake) {
    co_await refuse_plain_http(self);
    co_return false;
  }
  if (co_await c.shake_hands(until)) co_return true;
  c.core_->count(RefusalReason::tls_handshake);
  co_return false;
}

// Leaves the byte where it is.
runtime::Task<Connection::Read> Connection::await_first_byte(char& first, base::TimePoint until) {
  // What accept() gave, as long as nothing has been built on it.
  auto& tcp = static_cast<net::TcpConn&>(*conn_);
  while (true) {
    const net::IoResult result = tcp.peek({&first, 1});
    if (result.status == IoStatus::ok) co_return Read::bytes;
    if (result.status != IoStatus::would_block || core_->draining) co_return Read::ended;
    idle_ = true;
    const runtime::Wake wake = co_await tcp.readable().wait(until);
    idle_ = false;
    if (wake == runtime::Wake::timeout) co_return Read::ended;
  }
}

runtime::Task<bool> Connection::shake_hands(base::TimePoint until) {
  std::unique_ptr<net::TcpConn> tcp(static_cast<net::TcpConn*>(conn_.release()));
  auto tls = door_.certificate->current()->accept(std::move(tcp));
  if (!tls) co_return false;
  net::TlsConn& peer = *tls;
  conn_ = std::move(tls);
  const bool is_open = co_await net::shake_hands(peer, until);
  co_return is_open && !ending_;
}

// Who wrote http:// for https:// reads why it fails, instead of an alert that no HTTP client understands.
runtime::Task<void> Connection::refuse_plain_http(std::shared_ptr<Connection> self) {
  const auto exchange = std::make_shared<Exchange>(self);
  self->exchange_ = exchange.get();
  if (co_await self->read_head(*exchange)) {
    co_await self->refuse(
        *exchange, {.reason = RefusalReason::tls_handshake,
                    .status = 400,
                    .code = "tls_required",
                    .message = "This port speaks TLS, and the request came without; call it as https://. "
                               "A key that was sent has crossed the network readable by all."});
  }
  self->exchange_ = nullptr;
}

}  // namespace dujiang::adapters::http
