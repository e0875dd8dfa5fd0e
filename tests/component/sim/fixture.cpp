#include "component/sim/fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "http/chunked.hpp"
#include "http/head_parser.hpp"
#include "sim/json_text.hpp"

namespace dujiang::sim {
namespace {

namespace json = boost::json;

constexpr int kPatienceSeconds = 60;  // then a read fails the test instead of hanging it

}  // namespace

Caller::Caller(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

void Caller::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Caller::read_some(End& end) const {
  std::string bytes(std::size_t{64} * 1024, '\0');
  const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (got < 0 && errno == EAGAIN) throw std::runtime_error("nothing came for a minute");
  if (got < 0) end = End::reset;
  if (got == 0) end = End::eof;
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

Reply Caller::receive() {
  Reply out;
  out.raw = std::exchange(left_over_, {});
  http::ResponseHeadParser head;
  while (head.parse(out.raw) == http::HeadState::more) {
    std::string bytes = read_some(out.end);
    if (bytes.empty()) return out;
    out.raw += bytes;
    out.reads.push_back(std::move(bytes));
  }
  if (head.state() == http::HeadState::failed) return out;
  out.status = head.status();
  out.head = out.raw.substr(0, head.head_size());
  const http::BodyFraming framing = head.body();
  http::ChunkedDecoder decoder;
  std::string pending = out.raw.substr(head.head_size());
  for (;;) {
    if (framing.kind == http::BodyKind::chunked) {
      while (!pending.empty()) {
        const auto step = decoder.next(pending);
        out.body += step.body;
        pending.erase(0, step.consumed);
        if (step.kind == http::ChunkedDecoder::Kind::more) break;
        if (step.kind == http::ChunkedDecoder::Kind::error) {
          throw std::runtime_error(std::string(decoder.error()));
        }
        if (step.kind == http::ChunkedDecoder::Kind::end) break;
      }
      if (decoder.done()) break;
    } else {
      out.body += std::exchange(pending, {});
      const bool sized = framing.kind == http::BodyKind::length || framing.kind == http::BodyKind::none;
      if (sized && out.body.size() >= framing.length) break;
    }
    pending += read_some(out.end);
    if (pending.empty()) return out;
    out.raw += pending;
    out.reads.push_back(pending);
  }
  out.end = End::complete;
  left_over_ = pending;
  return out;
}

std::string Caller::receive_until(std::string_view text) const {
  std::string out;
  End end{};
  while (!out.contains(text)) {
    const std::string bytes = read_some(end);
    if (bytes.empty()) {
      throw std::runtime_error("the connection ended before '" + std::string(text) + "': " + out);
    }
    out += bytes;
  }
  return out;
}

std::string Caller::receive_bytes(std::size_t least) const {
  std::string out;
  End end{};
  while (out.size() < least) {
    const std::string bytes = read_some(end);
    if (bytes.empty()) {
      throw std::runtime_error("the connection ended after " + std::to_string(out.size()) + " bytes");
    }
    out += bytes;
  }
  return out;
}

void Caller::hang_up() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string chat_body(std::string_view prompt, bool stream, std::string_view more) {
  return R"({"model":"deepseek-chat","messages":[{"role":"user","content":)" + quoted(prompt) +
         R"(}],"stream":)" + (stream ? "true" : "false") + std::string(more) + "}";
}

std::string post(std::string_view path, std::string_view body, std::string_view fields) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

void SimTest::start(std::string_view scenario, double speed) {
  Options options;
  options.scenario = load_shipped(scenario).value();
  options.speed = speed;
  start(std::move(options));
}

void SimTest::start(Options options) {
  loop_ = std::make_unique<runtime::EpollLoop>(1);
  if (options.models.empty()) options.models = default_models();
  server_ = Server::open(*loop_, std::move(options)).value();
  port_ = server_->port();
  thread_ = std::thread([this] { loop_->run(); });
}

void SimTest::stop() {
  if (!loop_) return;
  loop_->stop();
  thread_.join();
  server_.reset();
  loop_.reset();
}

Reply SimTest::call(std::string_view path, std::string_view body, std::string_view fields) const {
  Caller caller(port_);
  caller.send(post(path, body, fields));
  return caller.receive();
}

Reply SimTest::get(std::string_view path) const {
  Caller caller(port_);
  caller.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: sim\r\n\r\n");
  return caller.receive();
}

std::uint64_t SimTest::stat(std::string_view name) const {
  const json::value stats = json::parse(get("/sim/stats").body);
  return stats.at(json::string_view(name.data(), name.size())).to_number<std::uint64_t>();
}

void SimTest::expect_stat(std::string_view name, std::uint64_t value) const {
  for (int i = 0; i < 1000 && stat(name) != value; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(stat(name), value) << name;
}

std::vector<std::string> events(std::string_view body) {
  std::vector<std::string> out;
  std::string text(body);
  std::erase(text, '\r');
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t end = left.find("\n\n");
    std::string_view event = left.substr(0, end);
    left = end == std::string_view::npos ? "" : left.substr(end + 2);
    if (!event.starts_with("data:")) continue;
    event.remove_prefix(5);
    if (event.starts_with(' ')) event.remove_prefix(1);
    out.emplace_back(event);
  }
  return out;
}

Streamed streamed(std::string_view body) {
  Streamed out;
  for (const std::string& event : events(body)) {
    if (event == "[DONE]") {
      ++out.dones;
      continue;
    }
    json::error_code error;
    const json::value chunk = json::parse(event, error);
    if (error || !chunk.as_object().contains("choices")) continue;
    for (const json::value& choice : chunk.at("choices").as_array()) {
      if (const auto& reason = choice.at("finish_reason"); reason.is_string()) {
        out.finish_reason = reason.as_string();
      }
      const json::object& delta = choice.at("delta").as_object();
      const auto take = [&](json::string_view key, std::string& into) {
        const auto* text = delta.if_contains(key);
        if (text == nullptr || !text->is_string()) return;
        into += text->as_string();
        if (!text->as_string().empty()) ++out.deltas;
      };
      take("content", out.content);
      take("reasoning_content", out.reasoning);
    }
  }
  return out;
}

std::string content_of(std::string_view whole) {
  const json::value value = json::parse(json::string_view(whole.data(), whole.size()));
  return json::value_to<std::string>(value.at("choices").at(0).at("message").at("content"));
}

}  // namespace dujiang::sim
