#include "adapters/http/client_tunnel.hpp"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "http/head_parser.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::http::HeadState;
using dujiang::http::ResponseHeadParser;
using net::IoStatus;
using Kind = TunnelFailure::Kind;
using Tunnel = std::expected<std::unique_ptr<net::TcpConn>, TunnelFailure>;

// A proxy has little to say; one that goes on is not a proxy.
constexpr std::size_t kMaxAnswer = 16384;

std::string connect_request(const ProxyUrl& proxy, const std::string& target) {
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy.authorization.empty()) request += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return request + "\r\n";
}

// False when `until` came. Where the connection has broken, reading tells.
runtime::Task<bool> send(net::TcpConn& tcp, std::string_view bytes, base::TimePoint until) {
  while (!bytes.empty()) {
    const net::IoResult wrote = tcp.write(bytes);
    if (wrote.status == IoStatus::ok) {
      bytes.remove_prefix(wrote.bytes);
    } else if (wrote.status != IoStatus::would_block) {
      co_return true;
    } else if (co_await tcp.writable().wait(until) == runtime::Wake::timeout) {
      co_return false;
    }
  }
  co_return true;
}

// Reads the proxy's answer to its end, past interim ones.
class AnswerReader {
 public:
  std::span<char> space() {
    bytes_.resize(filled_ + 1024);
    return {bytes_.data() + filled_, 1024};
  }
  void commit(std::size_t count) { filled_ += count; }

  enum class Progress : std::uint8_t { more, done, broken };

  Progress look() {
    while (true) {
      const std::string_view unread = std::string_view(bytes_).substr(taken_, filled_ - taken_);
      const HeadState state = parser_.parse(unread);
      if (state == HeadState::failed || filled_ > kMaxAnswer) return Progress::broken;
      if (state == HeadState::more) return Progress::more;
      taken_ += parser_.head_size();
      if (parser_.status() >= 200) return Progress::done;
      parser_.reset();
    }
  }

  // From `done` on.
  int status() const { return parser_.status(); }
  std::string reason() const { return std::string(parser_.reason().substr(0, 80)); }
  bool has_more() const { return taken_ < filled_; }

 private:
  // The answer to a CONNECT has no body that would end with it, like one to a HEAD.
  ResponseHeadParser parser_{true};
  std::string bytes_;
  std::size_t filled_ = 0;
  std::size_t taken_ = 0;
};

TunnelFailure refusal(const AnswerReader& answer, const std::string& said) {
  const int status = answer.status();
  std::string message = said + ": " + std::to_string(status) + " " + answer.reason();
  if (status == 407) message += "; give user and password in the proxy's URL, http://user:password@host:port";
  // Gateway errors are the target's or the network's, and pass; others are the proxy's mind.
  return {.kind = status >= 500 ? Kind::unreachable : Kind::forbidden, .message = std::move(message)};
}

}  // namespace

runtime::Task<Tunnel> open_tunnel(std::unique_ptr<net::TcpConn> tcp, ProxyUrl proxy, std::string target,
                                  base::TimePoint until) {
  const std::string said = "proxy " + proxy.name + " did not connect to " + target;
  const std::string request = connect_request(proxy, target);
  if (!co_await send(*tcp, request, until)) {
    co_return std::unexpected(TunnelFailure{Kind::timeout, said + " in time"});
  }
  AnswerReader answer;
  auto progress = AnswerReader::Progress::more;
  while (progress == AnswerReader::Progress::more) {
    const net::IoResult got = tcp->read(answer.space());
    if (got.status == IoStatus::ok) {
      answer.commit(got.bytes);
      progress = answer.look();
    } else if (got.status != IoStatus::would_block) {
      co_return std::unexpected(TunnelFailure{Kind::unreachable, said + ": it closed the connection"});
    } else if (co_await tcp->readable().wait(until) == runtime::Wake::timeout) {
      co_return std::unexpected(TunnelFailure{Kind::timeout, said + " in time"});
    }
  }
  if (progress == AnswerReader::Progress::broken) {
    co_return std::unexpected(TunnelFailure{Kind::forbidden, said + ": its answer is not HTTP"});
  }
  if (answer.status() >= 300) co_return std::unexpected(refusal(answer, said));
  if (answer.has_more()) {
    co_return std::unexpected(
        TunnelFailure{Kind::forbidden, said + ": it sent bytes that nobody had asked for"});
  }
  co_return std::move(tcp);
}

}  // namespace dujiang::adapters::http
