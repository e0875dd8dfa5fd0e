#include "runtime/epoll_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>
#include <mutex>
#include <random>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace dujiang::runtime {
namespace {

std::uint64_t seed_or_entropy(std::uint64_t seed) {
  if (seed != 0) return seed;
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

int open_or_throw(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

base::TimePoint clock_now() { return base::TimePoint::clock::now(); }

// Sleeps until an event or `span` has passed; kNever's distance stands for ever.
int wait_for_events(int epoll, std::span<epoll_event> into, base::Duration span) {
  const int room = static_cast<int>(into.size());
  const bool for_ever = span == base::Duration::max();
  static std::atomic<bool> has_fine_wait = true;  // Linux 5.11; a sandbox may forbid it
  if (has_fine_wait && !for_ever && span > base::Duration::zero()) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(span);
    const timespec wait{.tv_sec = whole.count(), .tv_nsec = (span - whole).count()};
    const int count = ::epoll_pwait2(epoll, into.data(), room, &wait, nullptr);
    if (count >= 0 || errno == EINTR) return count;
    has_fine_wait = false;
  }
  constexpr auto kLongest = std::chrono::milliseconds(std::numeric_limits<int>::max());
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(std::min<base::Duration>(span, kLongest));
  return ::epoll_wait(epoll, into.data(), room, for_ever ? -1 : static_cast<int>(rounded.count()));
}

Readiness readiness_of(std::uint32_t events) {
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
  return {.readable = ended || (events & EPOLLIN) != 0,
          .writable = broken || (events & EPOLLOUT) != 0,
          .ended = ended};
}

}  // namespace

// What other threads hand to the loop, and how they end its sleep.
class EpollLoop::Wakeup final : public Watcher {
 public:
  Wakeup() : fd_(open_or_throw(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {}
  ~Wakeup() override { ::close(fd_); }

  int fd() const { return fd_; }

  void post(std::move_only_function<void()> work) {
    {
      const std::scoped_lock lock(mutex_);
      posted_.push_back(std::move(work));
    }
    ring();
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }

  void on_ready(Readiness /*ready*/) override {
    std::uint64_t rings = 0;
    [[maybe_unused]] const auto taken = ::read(fd_, &rings, sizeof rings);
    std::vector<std::move_only_function<void()>> work;
    {
      const std::scoped_lock lock(mutex_);
      work.swap(posted_);
    }
    for (auto& each : work) each();
  }

 private:
  int fd_;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> posted_;
};

EpollLoop::EpollLoop(std::uint64_t seed)
    : Loop(seed_or_entropy(seed)),
      now_(clock_now()),
      epoll_(open_or_throw(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wakeup_(std::make_unique<Wakeup>()) {
  if (!watch(wakeup_->fd(), *wakeup_)) throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

EpollLoop::~EpollLoop() {
  drop_tasks();
  ::close(epoll_);
}

base::WallTime EpollLoop::wall_now() const { return base::WallTime::clock::now(); }

void EpollLoop::run() {
  now_ = clock_now();
  running_ = true;
  while (!stopped_.exchange(false)) {
    fire_due();
    if (stopped_.exchange(false)) break;
    look(next_timer());
  }
  running_ = false;
}

void EpollLoop::stop() {
  stopped_ = true;
  wakeup_->ring();
}

void EpollLoop::post(std::move_only_function<void()> work) { wakeup_->post(std::move(work)); }

// Sleeps until the next event or `until`, and tells everyone concerned.
void EpollLoop::look(base::TimePoint until) {
  base::Duration span = base::Duration::max();
  if (until == TimerQueue::kSoon) {
    span = base::Duration::zero();
  } else if (until != base::kNever) {
    span = std::max(until - clock_now(), base::Duration::zero());
  }
  std::array<epoll_event, kEventsAtOnce> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const int count = wait_for_events(epoll_, events, span);
  now_ = clock_now();
  if (count <= 0) return;
  told_count_ = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < told_count_; ++i) told_[i] = static_cast<Watcher*>(events[i].data.ptr);
  for (telling_ = 0; telling_ < told_count_; ++telling_) {
    if (Watcher* watcher = told_[telling_]) watcher->on_ready(readiness_of(events[telling_].events));
  }
  telling_ = told_count_ = 0;
}

bool EpollLoop::watch(int fd, Watcher& watcher) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watcher}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EpollLoop::watch_level(int fd, Watcher& watcher, Want want) {
  epoll_event event{.events = 0, .data = {.ptr = &watcher}};
  if (want == Want::read || want == Want::both) event.events |= EPOLLIN;
  if (want == Want::write || want == Want::both) event.events |= EPOLLOUT;
  return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0 ||
         (errno == ENOENT && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void EpollLoop::unwatch(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  std::replace(told_.begin() + static_cast<std::ptrdiff_t>(telling_),
               told_.begin() + static_cast<std::ptrdiff_t>(told_count_), &watcher,
               static_cast<Watcher*>(nullptr));
}

}  // namespace dujiang::runtime
