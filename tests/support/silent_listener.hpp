// A port on loopback where connecting takes for ever: the kernel drops what comes once a listener's queue is
// full.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace dujiang::testing {

class SilentListener {
 public:
  SilentListener() {
    sockaddr_in address{};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = open();
    require(::bind(listener, generic, size) == 0 && ::listen(listener, 0) == 0 &&
            ::getsockname(listener, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) require(::connect(open(), generic, size) == 0 || errno == EINPROGRESS);
  }
  ~SilentListener() {
    for (const int fd : fds_) ::close(fd);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static void require(bool ok) {
    if (!ok) throw std::runtime_error("no silent listener could be made");
  }
  int open() { return fds_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

  std::vector<int> fds_;
  std::uint16_t port_ = 0;
};

}  // namespace dujiang::testing
