#include "support/tls_caller.hpp"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace dujiang::testing {

class TlsCallerContext::Impl {
 public:
  explicit Impl(const TlsCallerOptions& options)
      : host(options.host), context(SSL_CTX_new(TLS_client_method())) {
    BIO* text = BIO_new_mem_buf(options.authority.data(), static_cast<int>(options.authority.size()));
    X509* root = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    if (root != nullptr) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root);
    X509_free(root);
    BIO_free(text);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.newest != 0 && options.newest < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, options.oldest);
    SSL_CTX_set_max_proto_version(context, options.newest);
    if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context, options.ciphers.c_str());
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(options.protocols.data()),
                            static_cast<unsigned>(options.protocols.size()));
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      SSL_SESSION_free(std::exchange(self->session, session));
      return 1;
    });
  }
  ~Impl() {
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string host;
  SSL_CTX* context;
  SSL_SESSION* session = nullptr;
};

TlsCallerContext::TlsCallerContext(const TlsCallerOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
TlsCallerContext::~TlsCallerContext() = default;

TlsCaller::TlsCaller(TlsCallerContext& context, std::uint16_t port, std::string_view before)
    : context_(context),
      fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      ssl_(SSL_new(context.impl_->context)) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("no connection to the server under test");
  if (!before.empty()) ::send(fd_, before.data(), before.size(), MSG_NOSIGNAL);
  SSL_set_fd(ssl_, fd_);
  SSL_set1_host(ssl_, context_.impl_->host.c_str());
  SSL_set_tlsext_host_name(ssl_, context_.impl_->host.c_str());
  if (context_.impl_->session != nullptr) SSL_set_session(ssl_, context_.impl_->session);
  ERR_clear_error();
  open_ = SSL_connect(ssl_) == 1;
  if (const unsigned long code = ERR_peek_error(); !open_ && code != 0)
    error_ = ERR_reason_error_string(code);
}

TlsCaller::~TlsCaller() {
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  ::close(fd_);
}

bool TlsCaller::say(std::string_view bytes) {
  ERR_clear_error();
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == std::ssize(bytes);
}

std::string TlsCaller::take_until(std::string_view mark) {
  while (heard_.find(mark) == std::string::npos) {
    char bytes[16384];
    ERR_clear_error();
    const int n = SSL_read(ssl_, bytes, sizeof bytes);
    if (n <= 0) return std::exchange(heard_, {});
    heard_.append(bytes, static_cast<std::size_t>(n));
  }
  std::string taken = heard_.substr(0, heard_.find(mark) + mark.size());
  heard_.erase(0, taken.size());
  return taken;
}

bool TlsCaller::ended_properly() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }

bool TlsCaller::resumed() const { return SSL_session_reused(ssl_) != 0; }

std::string TlsCaller::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsCaller::version() const { return SSL_get_version(ssl_); }

std::string TlsCaller::subject() const {
  X509* shown = SSL_get1_peer_certificate(ssl_);
  if (shown == nullptr) return {};
  char* line = X509_NAME_oneline(X509_get_subject_name(shown), nullptr, 0);
  std::string text = line;
  OPENSSL_free(line);
  X509_free(shown);
  return text;
}

}  // namespace dujiang::testing
