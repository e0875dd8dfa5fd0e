// TLS to upstreams: verification always on, server name sent, sessions resumed; OpenSSL on the socket itself.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "adapters/net/certificate_facts.hpp"
#include "adapters/net/tcp.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::net {

struct TlsCounters {
  std::uint64_t handshakes = 0;  // completed
  std::uint64_t resumed = 0;     // of these
};

// What one upstream's TLS connections share: trusted roots and the sessions that peers offered.
class TlsContext {
 public:
  // `ca_file`: PEM with the only roots to trust; without it the system's. The error names the file.
  static base::Result<std::shared_ptr<TlsContext>> make(const std::optional<std::string>& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  const TlsCounters& counters() const;

  class Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit TlsContext(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

struct TlsFailure {
  enum class Kind : std::uint8_t { certificate, handshake, timeout };
  Kind kind = Kind::handshake;
  std::string message;  // "certificate of api.example has expired"
};

// Why a certificate was refused.
enum class CertificateFault : std::uint8_t { none, expired, not_yet_valid, other_host, untrusted, other };

// What a handshake showed, whether it came to a connection or not.
struct TlsSight {
  std::string version{};                          // "TLSv1.3"; empty where the handshake failed
  std::optional<CertificateFacts> certificate{};  // the peer's, accepted or not
  CertificateFault fault = CertificateFault::none;
};

// Shakes hands over `tcp`, by `until` at the latest. `host` is what the certificate must be for: a name, or
// an address without brackets; `port` with it keys the kept sessions.
//
// The connection reads eof only after the peer's close_notify; without it the stream may have been cut, and
// reads reset.
//
// `sight` (which may be null, and outlives the task) is told what there was to see.
runtime::Task<std::expected<std::unique_ptr<Conn>, TlsFailure>> connect_tls(
    std::shared_ptr<TlsContext> context, std::unique_ptr<TcpConn> tcp, std::string host, std::uint16_t port,
    base::TimePoint until, TlsSight* sight = nullptr);

}  // namespace dujiang::adapters::net
