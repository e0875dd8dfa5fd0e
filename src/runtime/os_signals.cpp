#include "runtime/os_signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

namespace dujiang::runtime {
namespace {

constexpr int kSignals = 65;

// Where the handler of each signal writes its number: the only thing that a handler can do safely.
std::array<std::atomic<int>, kSignals> write_ends;

void handle(int signal) {
  const int saved = errno;
  const auto number = static_cast<unsigned char>(signal);
  [[maybe_unused]] const auto written =
      ::write(write_ends[static_cast<std::size_t>(signal)].load(), &number, 1);
  errno = saved;
}

}  // namespace

class OsSignals::Impl final : public Watcher {
 public:
  Impl(EpollLoop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal)
      : loop_(loop), on_signal_(std::move(on_signal)) {
    if (::pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC) != 0 || !loop_.watch(pipe_[0], *this)) {
      throw std::system_error(errno, std::generic_category(), "a pipe for signals");
    }
    for (const int signal : signals) {
      write_ends[static_cast<std::size_t>(signal)] = pipe_[1];
      struct sigaction now{};
      now.sa_handler = &handle;
      now.sa_flags = SA_RESTART;
      Before before{.signal = signal, .action = {}};
      ::sigaction(signal, &now, &before.action);
      before_.push_back(before);
    }
  }

  ~Impl() override {
    for (const Before& before : before_) ::sigaction(before.signal, &before.action, nullptr);
    loop_.unwatch(pipe_[0], *this);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  void on_ready(Readiness /*ready*/) override {
    unsigned char signal = 0;
    while (::read(pipe_[0], &signal, 1) == 1) on_signal_(signal);
  }

 private:
  struct Before {
    int signal;
    struct sigaction action;
  };

  EpollLoop& loop_;
  std::function<void(int)> on_signal_;
  std::array<int, 2> pipe_{-1, -1};
  std::vector<Before> before_;
};

OsSignals::OsSignals(EpollLoop& loop, std::initializer_list<int> signals,
                     std::function<void(int signal)> on_signal)
    : impl_(std::make_unique<Impl>(loop, signals, std::move(on_signal))) {}

OsSignals::~OsSignals() = default;

}  // namespace dujiang::runtime
