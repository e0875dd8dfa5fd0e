#include "adapters/net/tls_conn.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace dujiang::adapters::net {
namespace {

constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;

}  // namespace

TlsConn::TlsConn(std::shared_ptr<TlsContext> context, std::unique_ptr<TcpConn> tcp, ssl_st* ssl,
                 std::string peer)
    : context_(std::move(context)), tcp_(std::move(tcp)), ssl_(ssl), peer_(std::move(peer)) {
  SSL_set_app_data(ssl_, this);
}

TlsConn::~TlsConn() {
  if (!broken_ && !close_sent_ && SSL_is_init_finished(ssl_) != 0) SSL_shutdown(ssl_);
  // Without this OpenSSL takes a connection that ended without a goodbye for a reason to forget its session.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

IoResult TlsConn::read(std::span<char> into) {
  if (broken_) return {.status = IoStatus::reset};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &bytes);
  // What OpenSSL holds after a read that failed is half a record: the rest of it will be signalled.
  holds_more_ = result == 1 && SSL_has_pending(ssl_) != 0;
  if (result == 1) return {.status = IoStatus::ok, .bytes = bytes};
  return failed(result, SSL_ERROR_WANT_READ);
}

IoResult TlsConn::write(std::string_view first, std::string_view second) {
  if (broken_) return {.status = IoStatus::reset};
  std::array<char, kRecord>
      joined;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  std::string_view record = first.empty() ? second : first;
  if (!first.empty() && !second.empty() && first.size() < kRecord) {
    const std::size_t rest = std::min(second.size(), kRecord - first.size());
    std::memcpy(joined.data(), first.data(), first.size());
    std::memcpy(joined.data() + first.size(), second.data(), rest);
    record = {joined.data(), first.size() + rest};
  }
  if (record.empty()) return {.status = IoStatus::ok};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(ssl_, record.data(), std::min(record.size(), kRecord), &bytes);
  if (result == 1) return {.status = IoStatus::ok, .bytes = bytes};
  return failed(result, SSL_ERROR_WANT_WRITE);
}

// `wanted`: the one direction that this call may wait for. Renegotiation is off, so only a peer makes it wait
// for the other one who asks for new keys and does not take the answer: there the wait would end at once, for
// ever.
IoResult TlsConn::failed(int result, int wanted) {
  const int error = SSL_get_error(ssl_, result);
  if (error == wanted) return {.status = IoStatus::would_block};
  if (error == SSL_ERROR_ZERO_RETURN) return {.status = IoStatus::eof};
  broken_ = true;
  return {.status = IoStatus::reset};
}

void TlsConn::established() { holds_more_ = SSL_has_pending(ssl_) != 0; }

runtime::Signal& TlsConn::readable() {
  runtime::Signal& signal = tcp_->readable();
  if (holds_more_) signal.notify();
  return signal;
}

void TlsConn::shutdown_write() {
  if (!broken_ && !std::exchange(close_sent_, true)) SSL_shutdown(ssl_);
  tcp_->shutdown_write();
}

void TlsConn::reset() {
  broken_ = true;
  tcp_->reset();
}

}  // namespace dujiang::adapters::net
