#include "upstream.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>

#include "talk.hpp"

namespace dujiang::bench {

namespace {

constexpr int kBacklog = 4096;
constexpr std::uint64_t kListenerTag = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kBufferBytes = 64UZ * 1024;
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::string_view data) {
  const std::string event = fmt::format("data: {}\n\n", data);
  return fmt::format("{:x}\r\n{}\r\n", event.size(), event);
}

/// Where the body of the request ends, once its head has come.
std::optional<std::size_t> request_size(std::string_view request) {
  const std::size_t head_end = request.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  constexpr std::string_view kName = "\ncontent-length:";
  const std::string_view head = request.substr(0, head_end);
  const auto field = std::ranges::search(head, kName, {}, [](unsigned char c) { return std::tolower(c); });
  std::size_t length = 0;
  if (!field.empty()) {
    std::string_view value(field.end(), head.end());
    while (value.starts_with(' ')) value.remove_prefix(1);
    std::from_chars(value.data(), value.data() + value.size(), length);
  }
  return head_end + 4 + length;
}

}  // namespace

int listen_on_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) fail("bind");
  if (listen(fd, kBacklog) < 0) fail("listen");
  return fd;
}

std::uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) < 0) fail("getsockname");
  return ntohs(address.sin_port);
}

Upstream::Upstream(int listener, ssl_ctx_st* tls, std::size_t events, Nanoseconds interval)
    : listener_(listener), tls_(tls), events_(events), interval_(interval), buffer_(kBufferBytes) {
  poller_.add(listener_, EPOLLIN, kListenerTag);
  whole_answer_ =
      fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                  chat_answer().size(), chat_answer());
}

void Upstream::serve(Nanoseconds until) {
  for (Nanoseconds at = now(); at < until; at = now()) {
    send_due(at);
    const Nanoseconds next = due_.empty() ? until : std::min(until, due_.front().at);
    for (const epoll_event& event : poller_.wait(next)) {
      if (event.data.u64 == kListenerTag) {
        accept_all();
      } else {
        handle(event.data.u64);
      }
    }
  }
}

void Upstream::accept_all() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (free_.empty()) {
      free_.push_back(members_.size());
      members_.emplace_back();
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    members_[index].connection = Connection(poller_, fd, index, accept_tls(tls_));
  }
}

void Upstream::handle(std::size_t index) {
  Member& member = members_[index];
  if (!member.connection.is_open()) return;
  if (!member.connection.flush()) return drop(index);
  do {
    const std::string_view bytes = member.connection.receive(buffer_);
    if (!member.connection.is_open()) return drop(index);
    member.request += bytes;
    const auto size = request_size(member.request);
    if (size && member.request.size() >= *size) answer(index);
  } while (member.connection.is_open() && member.connection.has_pending());
}

void Upstream::answer(std::size_t index) {
  Member& member = members_[index];
  const bool is_stream = asks_for_stream(member.request);
  member.request.clear();
  if (!is_stream) {
    if (!member.connection.send(whole_answer_)) drop(index);
    return;
  }
  const Nanoseconds at = now();
  member.events_left = events_ - 1;
  if (!member.connection.send(std::string(kStreamHead) + chunk(event_of(at)))) return drop(index);
  due_.push_back({at + interval_, index, member.generation});
}

void Upstream::send_due(Nanoseconds at) {
  while (!due_.empty() && due_.front().at <= at) {
    const Due due = due_.front();
    due_.pop_front();
    Member& member = members_[due.index];
    if (member.generation != due.generation) continue;
    if (member.events_left == 0) {
      if (!member.connection.send(chunk(finish_event()) + chunk(kDone) + "0\r\n\r\n")) drop(due.index);
      continue;
    }
    --member.events_left;
    if (member.connection.send(chunk(event_of(now())))) {
      due_.push_back(
          {std::max(due.at + interval_, due_.empty() ? 0 : due_.back().at), due.index, due.generation});
    } else {
      drop(due.index);
    }
  }
}

void Upstream::drop(std::size_t index) {
  Member& member = members_[index];
  member.connection.close();
  member.request.clear();
  ++member.generation;
  free_.push_back(index);
}

}  // namespace dujiang::bench
