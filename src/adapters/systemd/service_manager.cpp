#include "adapters/systemd/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace dujiang::adapters::systemd {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// Longer than the service manager needs to take a datagram, and short enough that the loop can wait for it.
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};

std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

// A value ends with its line.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  std::string socket = take("NOTIFY_SOCKET");
  const auto interval = whole_number(take("WATCHDOG_USEC"));
  const std::string watched = take("WATCHDOG_PID");
  std::optional<base::Duration> watchdog;
  // The variables are inherited: another process of the service may be the one that is watched.
  if (interval && (watched.empty() || whole_number(watched) == getpid())) watchdog = microseconds(*interval);
  return {std::move(socket), watchdog};
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void ServiceManager::reloading(base::TimePoint now) const {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                   duration_cast<microseconds>(now.time_since_epoch()).count()));
}

void ServiceManager::reloaded() const { send("READY=1"); }

void ServiceManager::stopping(std::string_view status) const {
  send(fmt::format("STOPPING=1\nSTATUS={}", one_line(status)));
}

void ServiceManager::alive() const { send("WATCHDOG=1"); }

void ServiceManager::send(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';  // the kernel's way to say "abstract"
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         length);
  close(fd);
}

}  // namespace dujiang::adapters::systemd
