// The server's side of a TLS connection on a loop, for tests of the client's side.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "adapters/net/tcp.hpp"
#include "runtime/task.hpp"
#include "support/certificates.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace dujiang::testing {

class TlsServerContext {
 public:
  enum class Newest { tls11, tls12, tls13 };
  explicit TlsServerContext(const Certificate& certificate, Newest newest = Newest::tls13);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

 private:
  friend class TlsPeer;
  ssl_ctx_st* context_;
};

class TlsPeer {
 public:
  TlsPeer(TlsServerContext& context, std::unique_ptr<adapters::net::TcpConn> tcp);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  // All end after ten seconds at the latest, then with false or what came so far.
  runtime::Task<bool> accept();
  runtime::Task<std::string> read_until(std::string_view end);
  runtime::Task<bool> write(std::string_view bytes);
  // Asks the client for new keys with the next write (TLS 1.3), which it must answer.
  void rekey();
  void close_notify();

  bool resumed() const;
  std::string server_name() const;  // asked for by the client
  std::string protocol() const;     // agreed on by ALPN

 private:
  runtime::Task<bool> wait(int result);

  std::unique_ptr<adapters::net::TcpConn> tcp_;
  ssl_st* ssl_;
};

}  // namespace dujiang::testing
