#include "doctor/machine.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/client.hpp"
#include "adapters/net/listener.hpp"
#include "app/process.hpp"
#include "diagnosis/machine.hpp"

namespace dujiang::doctor {
namespace {

using adapters::http::Client;
using adapters::net::Listener;
using adapters::net::SocketAddress;
using diagnosis::ListenerSeen;
using ports::HttpEvent;
using State = ListenerSeen::State;

constexpr auto kPatience = std::chrono::seconds(2);

// The base URL at which a plain listener on `at` is reached from here.
std::string url_of(const SocketAddress& at) {
  const std::string ip = at.ip_text();
  if (ip == "0.0.0.0") return fmt::format("http://127.0.0.1:{}", at.port());
  if (ip == "::") return fmt::format("http://[::1]:{}", at.port());
  return "http://" + at.to_string();
}

// Whether a gateway serves at `url`, by its word on being ready.
runtime::Task<State> ask_whether_ready(runtime::EpollLoop& loop, std::string url) {
  route::UpstreamSpec spec{.name = "own"};
  spec.endpoints.push_back({.url = std::move(url)});
  const auto client = Client::make(loop, std::vector{std::move(spec)});
  if (!client) co_return State::refused;
  const auto exchange =
      (*client)->open({.upstream = "own", .method = "GET", .target = "/readyz", .headers = {}, .body = {}});
  const base::TimePoint until = base::after(loop.now(), kPatience);
  std::string body;
  for (;;) {
    const HttpEvent event = co_await exchange->next(until);
    if (event.kind == HttpEvent::Kind::body && body.size() < 64) body += event.bytes;
    if (event.kind == HttpEvent::Kind::end && exchange->status() == 200 && body == "ready\n")
      co_return State::gateway;
    if (event.kind == HttpEvent::Kind::end && exchange->status() == 503 && body == "draining\n") {
      co_return State::draining;
    }
    if (event.kind != HttpEvent::Kind::body && event.kind != HttpEvent::Kind::head) co_return State::refused;
  }
}

runtime::Task<ListenerSeen> look_at_unix(runtime::EpollLoop& loop, const config::ListenerSettings& listener) {
  ListenerSeen seen{.where = "unix:" + *listener.unix_path};
  const auto opened = Listener::open_unix(loop, *listener.unix_path, listener.unix_mode);
  if (opened) co_return seen;
  seen.failure = opened.error().message;
  seen.state = seen.failure.contains("another program listens") ? State::unseen : State::refused;
  co_return seen;
}

runtime::Task<ListenerSeen> look_at_address(runtime::EpollLoop& loop,
                                            const config::ListenerSettings& listener) {
  const auto at = SocketAddress::from_ip(listener.address, listener.port);
  if (!at)
    co_return ListenerSeen{.where = listener.address, .state = State::refused, .failure = at.error().message};
  ListenerSeen seen{.where = at->to_string()};
  const auto opened = Listener::open(loop, *at);
  if (opened) {
    if (listener.port == 0) seen.state = State::any_port;
    co_return seen;
  }
  seen.failure = opened.error().message;
  seen.state = State::refused;
  if (!seen.failure.contains("in use")) co_return seen;
  // Behind TLS or a PROXY header nothing can be asked under the address's own name.
  seen.state =
      listener.tls || listener.proxy_protocol ? State::unseen : co_await ask_whether_ready(loop, url_of(*at));
  co_return seen;
}

runtime::Task<ListenerSeen> look_at(runtime::EpollLoop& loop, const config::ListenerSettings& listener) {
  if (listener.unix_path) return look_at_unix(loop, listener);
  return look_at_address(loop, listener);
}

}  // namespace

runtime::Task<diagnosis::Section> examine_machine(runtime::EpollLoop& loop, const config::Config& config) {
  diagnosis::Section section{.title = "This machine", .findings = {}};
  section.findings.push_back(judge_listener(co_await look_at(loop, config.listen)));
  for (const config::ListenerSettings& listener : config.listen.also) {
    section.findings.push_back(judge_listener(co_await look_at(loop, listener)));
  }
  app::raise_descriptor_limit();
  const std::size_t limit = app::descriptor_limit();
  section.findings.push_back(
      diagnosis::judge_descriptors({.limit = limit,
                                    .callers = app::callers_allowed(limit),
                                    .max_connections = config.listen.server.max_connections,
                                    .max_streams = config.gateway.max_streams}));
  co_return section;
}

}  // namespace dujiang::doctor
