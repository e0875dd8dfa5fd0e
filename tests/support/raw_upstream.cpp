#include "support/raw_upstream.hpp"

#include <arpa/inet.h>

#include <stdexcept>
#include <utility>

#include "http/head_parser.hpp"

namespace dujiang::testing {
namespace {

// How often a thread that waits looks whether it shall end.
constexpr int kLookMilliseconds = 20;

// A socket bound to a free port of this machine.
std::pair<int, std::uint16_t> bound_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("cannot bind a port");
  }
  return {fd, ntohs(at.sin_port)};
}

bool readable(int fd) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, kLookMilliseconds) > 0;
}

// False when the connection ended, or what came is no request.
bool hear_request(RawSocket& socket, HeardRequest& request) {
  http::RequestHeadParser head;
  while (head.parse(socket.heard()) == http::HeadState::more) {
    if (socket.hear_some() != RawSocket::End::open) return false;
  }
  if (head.state() == http::HeadState::failed) return false;
  request.method = std::string(head.method());
  request.target = std::string(head.path());
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    request.headers.add(std::string(head.field(i).name), std::string(head.field(i).value));
  }
  const std::size_t length = head.body().length;
  (void)socket.take(head.head_size());
  request.body = socket.take(length);
  return request.body.size() == length;
}

}  // namespace

RawUpstream::RawUpstream(Answer answer, ClosedPort at) : answer_(std::move(answer)), at_(std::move(at)) {
  at_.open();
  thread_ = std::thread([this] { serve(); });
}

RawUpstream::~RawUpstream() {
  stopping_ = true;
  thread_.join();
}

std::vector<HeardRequest> RawUpstream::heard() const {
  const std::scoped_lock lock(mutex_);
  return heard_;
}

void RawUpstream::serve() {
  while (!stopping_) {
    if (!readable(at_.fd())) continue;
    const int fd = ::accept4(at_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) serve_connection(fd);
  }
}

void RawUpstream::serve_connection(int fd) {
  RawSocket socket(RawSocket::Adopt{fd});
  while (!stopping_) {
    if (socket.heard().empty() && !readable(fd)) continue;
    HeardRequest request;
    if (!hear_request(socket, request)) return;
    {
      const std::scoped_lock lock(mutex_);
      heard_.push_back(request);
    }
    if (!answer_(socket, request)) return;
  }
}

RawUpstream::Answer says(std::string bytes) {
  return [bytes = std::move(bytes)](RawSocket& socket, const HeardRequest&) { return socket.say(bytes); };
}

namespace {

std::string answer(int status, std::string_view type, std::string_view body, std::string_view fields) {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: " + std::string(type) + "\r\n" +
         std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace

std::string json_answer(int status, std::string_view body, std::string_view fields) {
  return answer(status, "application/json", body, fields);
}

std::string event_answer(const std::vector<std::string>& datas, std::string_view fields) {
  std::string body;
  for (const std::string& data : datas) body += "data: " + data + "\n\n";
  return answer(200, "text/event-stream", body, fields);
}

std::string chunk_of(std::string_view delta, std::string_view finish) {
  return R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         std::string(delta) + R"(,"finish_reason":)" + std::string(finish) + "}]}";
}

ClosedPort::ClosedPort() { std::tie(fd_, port_) = bound_socket(); }

ClosedPort::~ClosedPort() {
  if (fd_ >= 0) ::close(fd_);
}

void ClosedPort::open() const {
  if (::listen(fd_, SOMAXCONN) != 0) throw std::runtime_error("cannot listen");
}

}  // namespace dujiang::testing
