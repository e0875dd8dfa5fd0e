#include "adapters/net/tls_identity.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <vector>

#include "adapters/net/certificate_facts.hpp"
#include "adapters/net/socket_bio.hpp"
#include "adapters/net/tls_conn.hpp"

namespace dujiang::adapters::net {
namespace {

using In = IdentityFault::In;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Cert = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

std::unexpected<IdentityFault> fault(In in, std::string message) {
  return std::unexpected(IdentityFault{.in = in, .message = std::move(message)});
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

Bio reader(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Nobody is there to type a passphrase.
int no_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*unused*/) { return -1; }

std::vector<Cert> read_certificates(std::string_view text) {
  std::vector<Cert> chain;
  const Bio bio = reader(text);
  while (X509* cert = PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr))
    chain.emplace_back(cert);
  ERR_clear_error();
  return chain;
}

std::string day_of(base::WallTime time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  char text[32];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                                 static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return {text, static_cast<std::size_t>(size)};
}

// HTTP/1.1, or nothing that we could speak: a caller that offers only other protocols is told so.
int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void* /*argument*/) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";  // `out` will point into it
  const int verdict =
      SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kOurs, sizeof kOurs - 1, in, in_size);
  return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  // One recv for a record instead of one for its header and one for the rest.
  SSL_CTX_set_read_ahead(context, 1);
  // A session lives in the ticket that its caller keeps, so that a million callers cost nothing here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, &select_protocol, nullptr);
}

std::string remark_on(const X509* cert, base::WallTime from, base::WallTime until) {
  constexpr std::time_t kSoon = std::time_t{14} * 24 * 3600;
  std::time_t soon = std::time(nullptr) + kSoon;
  if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
    return "holds a certificate that is not valid before " + day_of(from) + "; check this machine's clock";
  if (X509_cmp_time(X509_get0_notAfter(cert), &soon) < 0)
    return "holds a certificate that expires on " + day_of(until) + "; renew it";
  return {};
}

std::string mismatch(const std::vector<Cert>& chain, EVP_PKEY* key) {
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (X509_check_private_key(chain[i].get(), key) != 1) continue;
    return "belongs to certificate number " + std::to_string(i + 1) +
           " of its file; that one must come first, and its chain after it";
  }
  return "does not belong to the certificate; give the key that the certificate was made for";
}

}  // namespace

TlsIdentity::~TlsIdentity() { SSL_CTX_free(context_); }

std::expected<std::shared_ptr<const TlsIdentity>, IdentityFault> TlsIdentity::make(
    std::string_view certificate, std::string_view key) {
  ERR_clear_error();
  const std::vector<Cert> chain = read_certificates(certificate);
  if (chain.empty()) return fault(In::certificate, "holds no certificate in PEM form");
  const Key private_key(PEM_read_bio_PrivateKey(reader(key).get(), nullptr, &no_passphrase, nullptr));
  if (!private_key) {
    const bool locked = key.find("ENCRYPTED") != std::string_view::npos;
    return fault(In::key, locked ? "is protected by a passphrase, which nobody could type at a start; store "
                                   "it without one, readable by the gateway alone"
                                 : "holds no private key in PEM form");
  }
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return fault(In::certificate, "cannot be used: " + openssl_reason());
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(context));
  const CertificateFacts facts = facts_of(*chain.front());
  identity->valid_from_ = facts.from;
  identity->valid_until_ = facts.until;
  if (X509_cmp_current_time(X509_get0_notAfter(chain.front().get())) < 0) {
    return fault(In::certificate, "holds a certificate that expired on " + day_of(identity->valid_until_) +
                                      ", which no caller takes; put a renewed one there");
  }
  identity->remark_ = remark_on(chain.front().get(), identity->valid_from_, identity->valid_until_);
  configure(context);
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
    return fault(In::certificate, "holds a certificate that cannot be used: " + openssl_reason());
  if (X509_check_private_key(chain.front().get(), private_key.get()) != 1)
    return fault(In::key, mismatch(chain, private_key.get()));
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1)
    return fault(In::key, "holds a key that cannot be used: " + openssl_reason());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      return fault(In::certificate, "holds a chain that cannot be used: " + openssl_reason());
  }
  return identity;
}

std::unique_ptr<TlsConn> TlsIdentity::accept(std::unique_ptr<TcpConn> tcp) const {
  SSL* ssl = SSL_new(context_);
  BIO* bio = ssl == nullptr ? nullptr : make_socket_bio(tcp->socket());
  if (bio == nullptr) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsConn>(nullptr, std::move(tcp), ssl, std::string());
}

std::string_view name(Handshake handshake) {
  switch (handshake) {
    case Handshake::full:
      return "full";
    case Handshake::resumed:
      return "resumed";
    case Handshake::failed:
      return "failed";
    case Handshake::timeout:
      return "timeout";
  }
  return "";
}

runtime::Task<Handshake> shake_hands(TlsConn& conn, base::TimePoint until) {
  while (!conn.broken()) {
    ERR_clear_error();
    const int result = SSL_accept(conn.ssl());
    if (result == 1) {
      conn.established();
      co_return SSL_session_reused(conn.ssl()) != 0 ? Handshake::resumed : Handshake::full;
    }
    const int error = SSL_get_error(conn.ssl(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) co_return Handshake::failed;
    runtime::Signal& ready = error == SSL_ERROR_WANT_READ ? conn.readable() : conn.writable();
    if (co_await ready.wait(until) == runtime::Wake::timeout) co_return Handshake::timeout;
  }
  co_return Handshake::failed;
}

}  // namespace dujiang::adapters::net
