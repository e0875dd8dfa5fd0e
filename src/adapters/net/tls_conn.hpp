// A Conn that speaks TLS over a TcpConn.
#pragma once

#include <memory>
#include <string>

#include "adapters/net/tcp.hpp"
#include "adapters/net/tls.hpp"

struct ssl_st;

namespace dujiang::adapters::net {

// `context` has the sessions of a connection that we opened; one that a caller opened has none.
class TlsConn final : public Conn {
 public:
  TlsConn(std::shared_ptr<TlsContext> context, std::unique_ptr<TcpConn> tcp, ssl_st* ssl, std::string peer);
  ~TlsConn() override;

  IoResult read(std::span<char> into) override;
  // One TLS record at most; both buffers share it where they fit.
  IoResult write(std::string_view first, std::string_view second = {}) override;
  runtime::Signal& readable() override;
  runtime::Signal& writable() override { return tcp_->writable(); }
  bool may_have_more() const override { return holds_more_ || tcp_->may_have_more(); }
  void shutdown_write() override;
  bool peer_has_left() const override { return broken_ || tcp_->peer_has_left(); }
  void reset() override;

  // The handshake is done; OpenSSL may have read more than its own messages.
  void established();

  ssl_st* ssl() { return ssl_; }
  bool broken() const { return broken_; }  // nothing may be asked of ssl() any more
  const std::string& peer() const { return peer_; }
  TlsContext& context() { return *context_; }

 private:
  IoResult failed(int result, int wanted);

  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<TcpConn> tcp_;
  ssl_st* ssl_;
  std::string peer_;
  bool holds_more_ = false;  // OpenSSL has read more than it gave out
  bool broken_ = false;      // OpenSSL must not be called again
  bool close_sent_ = false;
};

}  // namespace dujiang::adapters::net
