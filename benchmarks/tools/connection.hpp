// A non-blocking connection, plain or under TLS, that costs one system call per message each way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "poller.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace dujiang::bench {

// OpenSSL's own names for SSL and SSL_CTX: its headers stay in one file.
struct FreeTls {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
};
using Tls = std::unique_ptr<ssl_st, FreeTls>;
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTls>;

/// Of a server with its certificate and key, or of a client that trusts `ca_file`. Throws where a file is no
/// good.
TlsContext tls_server(const std::string& certificate_file, const std::string& key_file);
TlsContext tls_client(const std::string& ca_file);

/// A new server's side of a connection.
Tls accept_tls(ssl_ctx_st* context);

class Connection {
 public:
  Connection() = default;
  /// Owns `fd`. `tag` is what the poller says of it.
  Connection(Poller& poller, int fd, std::uint64_t tag, Tls tls);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  /// Begins a connection to a port of this machine; the poller says when it is writable.
  static Connection to_loopback(Poller& poller, std::uint16_t port, std::uint64_t tag, ssl_ctx_st* tls);

  bool is_open() const { return fd_ >= 0; }

  /// Sends; what does not go at once goes with `flush`. False if the connection is broken.
  bool send(std::string_view bytes);
  bool flush();

  /// What has come, into `buffer`: empty if nothing has. `is_open` is false once the other side has ended.
  std::string_view receive(std::span<char> buffer);

  /// Whether there is more to receive that the poller does not see.
  bool has_pending() const;

  void close();

 private:
  long write_some(std::string_view bytes);
  void want(std::uint32_t events);

  Poller* poller_ = nullptr;
  int fd_ = -1;
  std::uint64_t tag_ = 0;
  Tls tls_;
  std::string unsent_;
  std::uint32_t events_ = 0;
};

}  // namespace dujiang::bench
