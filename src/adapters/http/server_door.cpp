// How a Connection passes what stands between its listener and its first request.
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "adapters/http/server_exchange.hpp"
#include "adapters/net/proxy_header.hpp"
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
  if (c.door_.proxy_protocol && !co_await c.read_proxy_header(until)) {
    c.core_->count(RefusalReason::proxy_header);
    co_return false;
  }
  if (c.door_.certificate) {
    if (co_await c.await_first_byte(first, until) == Read::ended) co_return false;
    if (first != kTlsHandshake) {
      co_await refuse_plain_http(self);
      co_return false;
    }
    if (!co_await c.shake_hands(until)) {
      c.core_->count(RefusalReason::tls_handshake);
      co_return false;
    }
  }
  // The first request may have come along already.
  c.conn_->readable().notify();
  co_return !c.ending_;
}

// Takes the header and not a byte more: what follows may be TLS, which reads by itself.
runtime::Task<bool> Connection::read_proxy_header(base::TimePoint until) {
  auto& tcp = static_cast<net::TcpConn&>(*conn_);
  std::string header;
  while (true) {
    const net::IoResult seen = tcp.peek(core_->scratch);
    if (seen.status == IoStatus::would_block) {
      if (co_await tcp.readable().wait(until) == runtime::Wake::timeout || ending_) co_return false;
      continue;
    }
    if (seen.status != IoStatus::ok) co_return false;
    const std::size_t before = header.size();
    header.append(core_->scratch.data(), seen.bytes);
    const net::ProxyHeader parsed = net::parse_proxy_header(header);
    if (parsed.state == net::ProxyHeader::State::failed) co_return false;
    const bool is_done = parsed.state == net::ProxyHeader::State::done;
    const std::size_t taken = (is_done ? parsed.size : header.size()) - before;
    if (tcp.read(std::span(core_->scratch).first(taken)).bytes != taken) co_return false;
    if (!is_done) continue;
    // UNKNOWN and LOCAL name nobody: whoever it is, it is not the balancer that may say for whom it calls.
    admission_.is_trusted = parsed.source && core_->settings.trusted_proxies.contains(parsed.source);
    admission_.peer = parsed.source ? parsed.source->to_string() : "unknown";
    co_return true;
  }
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
  const net::Handshake handshake = co_await net::shake_hands(peer, until);
  core_->count(handshake);
  co_return (handshake == net::Handshake::full || handshake == net::Handshake::resumed) && !ending_;
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
