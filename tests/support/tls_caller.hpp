// A caller who speaks TLS over a blocking socket, for tests of the server's side.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace dujiang::testing {

struct TlsCallerOptions {
  std::string authority{};         // PEM of the only root to trust
  std::string host = "localhost";  // that the certificate must be for
  std::string protocols = "\x08http/1.1";
  int newest = 0;  // TLS1_2_VERSION and the like; 0: whatever there is
  int oldest = 0;
  std::string ciphers{};  // of TLS 1.2
};

// What connections of one caller share: trust, and the sessions that the server offered.
class TlsCallerContext {
 public:
  explicit TlsCallerContext(const TlsCallerOptions& options);
  ~TlsCallerContext();
  TlsCallerContext(const TlsCallerContext&) = delete;
  TlsCallerContext& operator=(const TlsCallerContext&) = delete;

 private:
  friend class TlsCaller;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class TlsCaller {
 public:
  // Connects to 127.0.0.1:port, says `before` in the clear, and shakes hands. No call blocks for longer than
  // twenty seconds.
  TlsCaller(TlsCallerContext& context, std::uint16_t port, std::string_view before = {});
  ~TlsCaller();
  TlsCaller(const TlsCaller&) = delete;
  TlsCaller& operator=(const TlsCaller&) = delete;

  bool is_open() const { return open_; }
  const std::string& error() const { return error_; }  // why the handshake failed

  bool say(std::string_view bytes);
  // Everything up to and including `mark`, or what came until the end.
  std::string take_until(std::string_view mark);

  // Whether the stream has ended with a close_notify; after take_until() came to the end.
  bool ended_properly() const;

  bool resumed() const;
  std::string protocol() const;  // agreed on by ALPN
  std::string version() const;   // "TLSv1.3"
  std::string subject() const;   // of the certificate that was shown

 private:
  TlsCallerContext& context_;
  int fd_ = -1;
  ssl_st* ssl_ = nullptr;
  bool open_ = false;
  std::string error_;
  std::string heard_;
};

}  // namespace dujiang::testing
