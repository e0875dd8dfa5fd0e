#include "adapters/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "adapters/net/socket_bio.hpp"
#include "adapters/net/tls_conn.hpp"
#include "adapters/net/tls_sessions.hpp"

namespace dujiang::adapters::net {
namespace {

using Kind = TlsFailure::Kind;
using Connected = std::expected<std::unique_ptr<Conn>, TlsFailure>;

std::string openssl_error() {
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

CertificateFault fault_of(long verdict) {
  switch (verdict) {
    case X509_V_OK:
      return CertificateFault::none;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateFault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateFault::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return CertificateFault::other_host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return CertificateFault::untrusted;
    default:
      return CertificateFault::other;
  }
}

std::string certificate_error(const std::string& host, long verdict) {
  const std::string of = "certificate of " + host;
  const std::string reason = X509_verify_cert_error_string(verdict);
  switch (fault_of(verdict)) {
    case CertificateFault::expired:
      return of + " has expired";
    case CertificateFault::not_yet_valid:
      return of + " is not valid yet; check this machine's clock";
    case CertificateFault::other_host:
      return of + " is for another host (" + reason + ")";
    case CertificateFault::untrusted:
      return of + " is not signed by an authority that is trusted here (" + reason +
             "); name its CA in the upstream's ca_file, or install ca-certificates if the system has no "
             "roots";
    case CertificateFault::none:
    case CertificateFault::other:
      break;
  }
  return of + " is not acceptable: " + reason;
}

TlsFailure handshake_failure(SSL* ssl, const std::string& host, int error) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return {.kind = Kind::certificate, .message = certificate_error(host, verdict)};
  }
  const unsigned long code = ERR_peek_error();
  if (error == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return {.kind = Kind::handshake, .message = host + " closed the connection during the TLS handshake"};
  }
  std::string message = "TLS handshake with " + host + " failed: " + openssl_error();
  if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
    message += "; does it speak plain http:// on this port?";
  return {.kind = Kind::handshake, .message = std::move(message)};
}

// Where an SSL keeps whom to tell of its peer's certificate.
int sight_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Looks on while OpenSSL judges the chain: of one that it refuses, nothing can be asked afterwards.
int look_on(int verdict, X509_STORE_CTX* judging) {
  const void* ssl = X509_STORE_CTX_get_ex_data(judging, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto* sight = static_cast<TlsSight*>(SSL_get_ex_data(static_cast<const SSL*>(ssl), sight_index()));
  if (const X509* leaf = X509_STORE_CTX_get0_cert(judging); leaf != nullptr && !sight->certificate) {
    sight->certificate = facts_of(*leaf);
  }
  return verdict;
}

}  // namespace

class TlsContext::Impl {
 public:
  Impl() : context_(SSL_CTX_new(TLS_client_method())) {}
  ~Impl() { SSL_CTX_free(context_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  base::Result<void> configure(const std::optional<std::string>& ca_file) {
    ERR_clear_error();
    if (context_ == nullptr) return base::fail("OpenSSL could not start: " + openssl_error());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // One recv for a record instead of one for its header and one for the rest.
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, &Impl::keep_session);
    constexpr unsigned char kAlpn[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context_, kAlpn, sizeof kAlpn - 1);
    if (!ca_file) {
      SSL_CTX_set_default_verify_paths(context_);
    } else if (SSL_CTX_load_verify_file(context_, ca_file->c_str()) != 1) {
      return base::fail("ca_file " + *ca_file +
                        " has no certificates that can be read (PEM is expected): " + openssl_error());
    }
    return {};
  }

  // A new connection's SSL, that will accept a certificate for `host` only. Null when out of memory.
  SSL* open(const std::string& host, const std::string& peer, Socket& socket) {
    SSL* ssl = SSL_new(context_);
    if (ssl == nullptr) return nullptr;
    BIO* bio = make_socket_bio(socket);
    const bool is_ip = SocketAddress::from_ip(host, 0).has_value();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool bound =
        is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1
              : SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
    if (bio == nullptr || !bound) {
      BIO_free(bio);
      SSL_free(ssl);
      return nullptr;
    }
    SSL_set_bio(ssl, bio, bio);
    SSL_set_connect_state(ssl);
    if (const TlsSession session = sessions_.take(peer)) SSL_set_session(ssl, session.get());
    return ssl;
  }

  void count_handshake(bool resumed) {
    ++counters_.handshakes;
    if (resumed) ++counters_.resumed;
  }

  const TlsCounters& counters() const { return counters_; }

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* conn = static_cast<TlsConn*>(SSL_get_app_data(ssl));
    if (conn == nullptr) return 0;
    conn->context().impl().sessions_.put(conn->peer(), TlsSession(session));
    return 1;
  }

  SSL_CTX* context_;
  TlsSessions sessions_;
  TlsCounters counters_;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

base::Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::optional<std::string>& ca_file) {
  auto impl = std::make_unique<Impl>();
  if (auto configured = impl->configure(ca_file); !configured) return std::unexpected(configured.error());
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

const TlsCounters& TlsContext::counters() const { return impl_->counters(); }

runtime::Task<Connected> connect_tls(std::shared_ptr<TlsContext> context, std::unique_ptr<TcpConn> tcp,
                                     std::string host, std::uint16_t port, base::TimePoint until,
                                     TlsSight* sight) {
  std::string peer = host + ":" + std::to_string(port);
  ERR_clear_error();
  SSL* ssl = context->impl().open(host, peer, tcp->socket());
  if (ssl == nullptr) {
    co_return std::unexpected(TlsFailure{
        .kind = Kind::handshake, .message = "TLS to " + host + " could not start: " + openssl_error()});
  }
  auto conn = std::make_unique<TlsConn>(context, std::move(tcp), ssl, std::move(peer));
  if (sight != nullptr && SSL_set_ex_data(ssl, sight_index(), sight) == 1) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, &look_on);
  }
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(ssl);
    if (result == 1) break;
    const int error = SSL_get_error(ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      TlsFailure failure = handshake_failure(ssl, host, error);
      if (sight != nullptr) sight->fault = fault_of(SSL_get_verify_result(ssl));
      co_return std::unexpected(std::move(failure));
    }
    runtime::Signal& ready = error == SSL_ERROR_WANT_READ ? conn->readable() : conn->writable();
    if (co_await ready.wait(until) == runtime::Wake::timeout) {
      co_return std::unexpected(
          TlsFailure{.kind = Kind::timeout, .message = host + " did not complete the TLS handshake in time"});
    }
  }
  conn->established();
  if (sight != nullptr) sight->version = SSL_get_version(ssl);
  context->impl().count_handshake(SSL_session_reused(ssl) != 0);
  co_return std::unique_ptr<Conn>(std::move(conn));
}

}  // namespace dujiang::adapters::net
