#include "app/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace dujiang::app {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
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

class StopSignals::Impl : public std::enable_shared_from_this<StopSignals::Impl> {
 public:
  Impl(runtime::AsioLoop& loop, std::function<void(int)> on_signal)
      : signals_(loop.context(), SIGTERM, SIGINT), on_signal_(std::move(on_signal)) {}

  void wait() {
    signals_.async_wait([self = shared_from_this()](const boost::system::error_code& error, int signal) {
      if (error) return;
      self->wait();
      self->on_signal_(signal);
    });
  }

  void cancel() { signals_.cancel(); }

 private:
  boost::asio::signal_set signals_;
  std::function<void(int)> on_signal_;
};

StopSignals::StopSignals(runtime::AsioLoop& loop, std::function<void(int signal)> on_signal)
    : impl_(std::make_shared<Impl>(loop, std::move(on_signal))) {
  impl_->wait();
}

StopSignals::~StopSignals() { impl_->cancel(); }

}  // namespace dujiang::app
