#include "app/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

namespace dujiang::app {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<std::size_t>::max();
  return limit.rlim_cur;
}

std::size_t callers_allowed(std::size_t descriptors) {
  constexpr std::size_t kForTheRest = 128;  // the log, listeners, resolvers, callers that are turned away
  const std::size_t rest = std::min(kForTheRest, descriptors / 2);
  return std::max<std::size_t>(1, (descriptors - rest) / 3 * 2);
}

void fill_standard_descriptors() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is taken, and those below are not free any more.
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) [[maybe_unused]]
      const int opened = open("/dev/null", O_RDWR);  // NOLINT(android-cloexec-open): as those it stands for
  }
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

base::Result<void> write_port_file(const std::string& path, std::uint16_t port) {
  const auto failed = [&] {
    return base::fail(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  };
  // Beside the file itself, so that the rename stays within one file system.
  std::string temporary = path + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return failed();
  const std::string text = fmt::format("{}\n", port);
  const bool written = fchmod(fd, 0644) == 0 && write(fd, text.data(), text.size()) == std::ssize(text);
  const bool renamed = close(fd) == 0 && written && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (renamed) return {};
  const auto error = failed();
  unlink(temporary.c_str());
  return error;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace dujiang::app
