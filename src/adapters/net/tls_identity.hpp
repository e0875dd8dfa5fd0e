// The server's side of TLS: a certificate of our own with its key, and the handshake with whoever calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/net/tcp.hpp"
#include "base/time.hpp"
#include "runtime/task.hpp"

struct ssl_ctx_st;

namespace dujiang::adapters::net {

class TlsConn;

// Why a certificate and a key do not make an identity, and which of the two is to blame.
struct IdentityFault {
  enum class In : std::uint8_t { certificate, key };
  In in = In::certificate;
  std::string message;  // completes "the file FILE …": "holds no certificate in PEM form"
};

// What we show to callers. TLS 1.2 and 1.3 with forward secrecy only, http/1.1 by ALPN, sessions resumed by
// tickets (nothing is kept here for them). Immutable, so every loop may use it.
class TlsIdentity {
 public:
  // PEM texts. `certificate` may be followed by the chain up to a root that callers trust. An expired
  // certificate is refused: no caller would take it.
  static std::expected<std::shared_ptr<const TlsIdentity>, IdentityFault> make(std::string_view certificate,
                                                                               std::string_view key);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  base::WallTime valid_from() const { return valid_from_; }
  base::WallTime valid_until() const { return valid_until_; }

  // What an operator should know although it works: it ends within two weeks, or has not begun. Completes
  // "the file FILE …", as when it was made; empty for nothing.
  const std::string& remark() const { return remark_; }

  // Takes over a connection that a caller opened; it can be used once shake_hands() has succeeded. Null when
  // out of memory.
  std::unique_ptr<TlsConn> accept(std::unique_ptr<TcpConn> tcp) const;

 private:
  explicit TlsIdentity(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* context_;
  base::WallTime valid_from_{};
  base::WallTime valid_until_{};
  std::string remark_;
};

// How a caller's handshake ended: with a session of its own or one that the caller had a ticket of, or not.
enum class Handshake : std::uint8_t { full, resumed, failed, timeout };
inline constexpr std::size_t kHandshakes = 4;
std::string_view name(Handshake handshake);

// The caller's handshake, by `until` at the latest.
runtime::Task<Handshake> shake_hands(TlsConn& conn, base::TimePoint until);

// The identity of one listener, which can be replaced while connections use it: those keep the one that they
// began with. May be used from any thread.
class OwnCertificate {
 public:
  explicit OwnCertificate(std::shared_ptr<const TlsIdentity> identity) : identity_(std::move(identity)) {}

  std::shared_ptr<const TlsIdentity> current() const {
    const std::scoped_lock lock(mutex_);
    return identity_;
  }
  void replace(std::shared_ptr<const TlsIdentity> identity) {
    const std::scoped_lock lock(mutex_);
    identity_ = std::move(identity);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> identity_;
};

}  // namespace dujiang::adapters::net
