#include "adapters/net/socket_bio.hpp"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <memory>

#include "adapters/net/socket.hpp"

namespace dujiang::adapters::net {
namespace {

Socket& socket_of(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

bool is_retry(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int write_some(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto n = ::send(socket_of(bio).fd(), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && is_retry(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int read_some(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const std::ptrdiff_t n = socket_of(bio).receive({into, static_cast<std::size_t>(size)});
  if (n < 0 && is_retry(errno)) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

using Method = std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>;

Method make_method() {
  Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE"),
                &BIO_meth_free);
  if (!method) return method;
  BIO_meth_set_write(method.get(), &write_some);
  BIO_meth_set_read(method.get(), &read_some);
  BIO_meth_set_ctrl(method.get(), &control);
  return method;
}

}  // namespace

bio_st* make_socket_bio(Socket& socket) {
  static const Method method = make_method();
  BIO* bio = method ? BIO_new(method.get()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace dujiang::adapters::net
