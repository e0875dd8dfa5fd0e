#include "support/tls_peer.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "adapters/net/socket_bio.hpp"

namespace dujiang::testing {
namespace {

int select_http(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* /*argument*/) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";  // `out` will point into it
  const int verdict =
      SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kOurs, sizeof kOurs - 1, in, in_size);
  return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

BIO* reader(const std::string& text) { return BIO_new_mem_buf(text.data(), static_cast<int>(text.size())); }

}  // namespace

TlsServerContext::TlsServerContext(const Certificate& certificate, Newest newest)
    : context_(SSL_CTX_new(TLS_server_method())) {
  BIO* cert_text = reader(certificate.certificate);
  BIO* key_text = reader(certificate.key);
  X509* cert = PEM_read_bio_X509(cert_text, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  const bool ok = SSL_CTX_use_certificate(context_, cert) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1;
  X509_free(cert);
  EVP_PKEY_free(key);
  BIO_free(cert_text);
  BIO_free(key_text);
  if (!ok) throw std::runtime_error("OpenSSL refuses the test's certificate");
  SSL_CTX_set_security_level(context_, newest == Newest::tls11 ? 0 : 1);
  SSL_CTX_set_min_proto_version(context_, newest == Newest::tls11 ? TLS1_1_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context_, newest == Newest::tls11   ? TLS1_1_VERSION
                                          : newest == Newest::tls12 ? TLS1_2_VERSION
                                                                    : TLS1_3_VERSION);
  SSL_CTX_set_alpn_select_cb(context_, &select_http, nullptr);
}

TlsServerContext::~TlsServerContext() { SSL_CTX_free(context_); }

TlsPeer::TlsPeer(TlsServerContext& context, std::unique_ptr<adapters::net::TcpConn> tcp)
    : tcp_(std::move(tcp)), ssl_(SSL_new(context.context_)) {
  BIO* bio = adapters::net::make_socket_bio(tcp_->socket());
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsPeer::~TlsPeer() { SSL_free(ssl_); }

runtime::Task<bool> TlsPeer::wait(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) co_return false;
  runtime::Signal& ready = error == SSL_ERROR_WANT_READ ? tcp_->readable() : tcp_->writable();
  const auto until = base::after(ready.loop().now(), std::chrono::seconds(10));
  co_return co_await ready.wait(until) == runtime::Wake::signalled;
}

runtime::Task<bool> TlsPeer::accept() {
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_);
    if (result == 1) co_return true;
    if (!co_await wait(result)) co_return false;
  }
}

runtime::Task<std::string> TlsPeer::read_until(std::string_view end) {
  std::string got;
  std::array<char, 4096> buffer{};
  while (!got.ends_with(end)) {
    ERR_clear_error();
    const int result = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (result > 0) {
      got.append(buffer.data(), static_cast<std::size_t>(result));
    } else if (!co_await wait(result)) {
      break;
    }
  }
  co_return got;
}

runtime::Task<bool> TlsPeer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int result = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (result > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(result));
    } else if (!co_await wait(result)) {
      co_return false;
    }
  }
  co_return true;
}

void TlsPeer::rekey() { SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED); }

void TlsPeer::close_notify() { SSL_shutdown(ssl_); }

bool TlsPeer::resumed() const { return SSL_session_reused(ssl_) != 0; }

std::string TlsPeer::server_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsPeer::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace dujiang::testing
