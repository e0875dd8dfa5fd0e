#include "fleet.hpp"

#include <ranges>

namespace dujiang::bench {

namespace {

// Fewer than the shortest queue of a listener (nginx: 511), so that no SYN is dropped and repeated a second
// later.
constexpr std::size_t kMostOpening = 128;
constexpr std::size_t kBufferBytes = 64UZ * 1024;

}  // namespace

Fleet::Fleet(std::uint16_t port, std::size_t size, ssl_ctx_st* tls, FleetListener& listener)
    : port_(port), tls_(tls), listener_(listener), members_(size), buffer_(kBufferBytes) {
  for (std::size_t index : std::views::iota(0UZ, size) | std::views::reverse) closed_.push_back(index);
}

void Fleet::send(std::size_t index, std::string_view bytes) {
  if (!members_[index].connection.send(bytes)) lose(index);
}

void Fleet::turn(Nanoseconds until) {
  open_more();
  for (const epoll_event& event : poller_.wait(until)) handle(event.data.u64, event.events);
}

void Fleet::open_more() {
  while (opening_ < kMostOpening && !closed_.empty()) {
    const std::size_t index = closed_.back();
    closed_.pop_back();
    ++opening_;
    members_[index].has_begun = true;
    members_[index].connection = Connection::to_loopback(poller_, port_, index, tls_);
  }
}

void Fleet::handle(std::size_t index, std::uint32_t events) {
  Member& member = members_[index];
  if (!member.connection.is_open()) return;
  if (member.has_begun && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
    settle(member);
    listener_.on_open(index);
    if (!member.connection.is_open()) return;
  }
  if ((events & EPOLLOUT) != 0 || tls_) {
    if (!member.connection.flush()) return lose(index);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  do {
    const std::string_view bytes = member.connection.receive(buffer_);
    if (!member.connection.is_open()) return lose(index);
    if (bytes.empty()) return;
    listener_.on_bytes(index, bytes);
  } while (member.connection.is_open() && member.connection.has_pending());
}

void Fleet::settle(Member& member) {
  if (member.has_begun) --opening_;
  member.has_begun = false;
}

void Fleet::lose(std::size_t index) {
  settle(members_[index]);
  members_[index].connection.close();
  closed_.push_back(index);
  listener_.on_closed(index);
}

}  // namespace dujiang::bench
