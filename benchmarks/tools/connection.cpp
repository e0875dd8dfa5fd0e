#include "connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace dujiang::bench {

namespace {

TlsContext context_of(const SSL_METHOD* method) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
  TlsContext context(SSL_CTX_new(method));
  if (!context) throw std::runtime_error("no TLS");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // A record's head and body in one call.
  return context;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOTCONN; }

constexpr long kBroken = -1;

}  // namespace

void FreeTls::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void FreeTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext tls_server(const std::string& certificate_file, const std::string& key_file) {
  TlsContext context = context_of(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("certificate or key can't be used: " + certificate_file + ", " + key_file);
  }
  return context;
}

TlsContext tls_client(const std::string& ca_file) {
  TlsContext context = context_of(TLS_client_method());
  if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    throw std::runtime_error("no certificates in " + ca_file);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

Tls accept_tls(ssl_ctx_st* context) {
  if (!context) return nullptr;
  Tls tls(SSL_new(context));
  SSL_set_accept_state(tls.get());
  return tls;
}

Connection::Connection(Poller& poller, int fd, std::uint64_t tag, Tls tls)
    : poller_(&poller), fd_(fd), tag_(tag), tls_(std::move(tls)), events_(EPOLLIN) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls_) SSL_set_fd(tls_.get(), fd_);
  poller_->add(fd_, events_, tag_);
}

Connection::Connection(Connection&& other) noexcept { *this = std::move(other); }

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this == &other) return *this;
  close();
  poller_ = other.poller_;
  fd_ = std::exchange(other.fd_, -1);
  tag_ = other.tag_;
  tls_ = std::move(other.tls_);
  unsent_ = std::move(other.unsent_);
  events_ = other.events_;
  return *this;
}

Connection::~Connection() { close(); }

Connection Connection::to_loopback(Poller& poller, std::uint16_t port, std::uint64_t tag, ssl_ctx_st* tls) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  Tls ssl;
  if (tls) {
    ssl.reset(SSL_new(tls));
    SSL_set_connect_state(ssl.get());
    SSL_set_tlsext_host_name(ssl.get(), "localhost");
    SSL_set1_host(ssl.get(), "localhost");
  }
  Connection connection(poller, fd, tag, std::move(ssl));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS) {
    fail("connect");
  }
  connection.want(EPOLLIN | EPOLLOUT);
  return connection;
}

bool Connection::send(std::string_view bytes) {
  if (!unsent_.empty()) {
    unsent_ += bytes;
    return true;
  }
  const long written = write_some(bytes);
  if (written == kBroken) return false;
  if (static_cast<std::size_t>(written) < bytes.size()) {
    unsent_ = bytes.substr(static_cast<std::size_t>(written));
    want(EPOLLIN | EPOLLOUT);
  }
  return true;
}

bool Connection::has_pending() const { return tls_ && SSL_has_pending(tls_.get()) != 0; }

bool Connection::flush() {
  while (!unsent_.empty()) {
    const long written = write_some(unsent_);
    if (written == kBroken) return false;
    if (written == 0) break;
    unsent_.erase(0, static_cast<std::size_t>(written));
  }
  // A TLS handshake that waits for its peer has bytes to send, but not yet.
  const bool waits_to_write = !unsent_.empty() && (!tls_ || SSL_want(tls_.get()) == SSL_WRITING);
  want(waits_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
  return true;
}

long Connection::write_some(std::string_view bytes) {
  if (!tls_) {
    const ssize_t written = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written >= 0) return written;
    return would_block() ? 0 : kBroken;
  }
  ERR_clear_error();
  const int written = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (written > 0) return written;
  const int error = SSL_get_error(tls_.get(), written);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : kBroken;
}

std::string_view Connection::receive(std::span<char> buffer) {
  if (!is_open()) return {};
  if (!tls_) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) return {buffer.data(), static_cast<std::size_t>(got)};
    if (got == 0 || !would_block()) close();
    return {};
  }
  ERR_clear_error();
  const int got = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (got > 0) return {buffer.data(), static_cast<std::size_t>(got)};
  const int error = SSL_get_error(tls_.get(), got);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) close();
  return {};
}

void Connection::close() {
  if (fd_ < 0) return;
  tls_.reset();
  ::close(fd_);  // epoll forgets it by itself.
  fd_ = -1;
  unsent_.clear();
}

void Connection::want(std::uint32_t events) {
  if (events == events_) return;
  events_ = events;
  poller_->change(fd_, events, tag_);
}

}  // namespace dujiang::bench
