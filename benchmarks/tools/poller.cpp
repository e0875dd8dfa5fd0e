#include "poller.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace dujiang::bench {

void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) fail("epoll_create1");
  // A schedule of some thousand a second: the usual 50 us of slack would be a part of what is measured.
  prctl(PR_SET_TIMERSLACK, 1);
}

Poller::~Poller() { close(fd_); }

void Poller::add(int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{.events = events, .data = {.u64 = tag}};
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

void Poller::change(int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{.events = events, .data = {.u64 = tag}};
  if (epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) < 0) fail("epoll_ctl");
}

std::span<const epoll_event> Poller::wait(Nanoseconds until) {
  const Nanoseconds left = std::max<Nanoseconds>(until - now(), 0);
  const timespec limit{.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
  const int count = epoll_pwait2(fd_, ready_.data(), static_cast<int>(ready_.size()), &limit, nullptr);
  if (count < 0 && errno != EINTR) fail("epoll_pwait2");
  return std::span(ready_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace dujiang::bench
