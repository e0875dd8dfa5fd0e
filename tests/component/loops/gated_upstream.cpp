#include "component/loops/gated_upstream.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "support/raw_socket.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {

using namespace std::chrono_literals;

GatedUpstream::GatedUpstream(bool open)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), open_(open) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (bind(listener_, address, size) != 0 || listen(listener_, 256) != 0 ||
      getsockname(listener_, address, &size) != 0) {
    throw std::runtime_error("no loopback port to listen on");
  }
  port_ = ntohs(at.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

GatedUpstream::~GatedUpstream() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    for (const int fd : connections_) shutdown(fd, SHUT_RDWR);
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void GatedUpstream::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::scoped_lock lock(mutex_);
    if (ending_) {
      close(fd);
      return;
    }
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void GatedUpstream::serve(int fd) {
  static const std::string answer = json_answer(
      200, R"({"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":)"
           R"({"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})");
  std::string bytes;
  char piece[4096];
  for (;;) {
    const ssize_t count = recv(fd, piece, sizeof piece, 0);
    if (count <= 0) break;
    bytes.append(piece, static_cast<std::size_t>(count));
    // Our callers' bodies are one JSON object of one line, and end with it.
    if (bytes.find("\r\n\r\n") == std::string::npos || !bytes.ends_with("}")) continue;
    bytes.clear();
    if (!let_through() || send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
  }
  const std::scoped_lock lock(mutex_);
  std::erase(connections_, fd);
  close(fd);
}

bool GatedUpstream::let_through() {
  std::unique_lock lock(mutex_);
  most_inside_ = std::max(most_inside_, ++inside_);
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_ || ending_; });
  --inside_;
  ++served_;
  return !ending_;
}

void GatedUpstream::open_gate() {
  {
    const std::scoped_lock lock(mutex_);
    open_ = true;
  }
  changed_.notify_all();
}

std::size_t GatedUpstream::await_inside(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 20s, [&] { return inside_ >= count; });
  return inside_;
}

std::size_t GatedUpstream::most_inside() const {
  const std::scoped_lock lock(mutex_);
  return most_inside_;
}

std::size_t GatedUpstream::served() const {
  const std::scoped_lock lock(mutex_);
  return served_;
}

}  // namespace dujiang::testing
