#include "adapters/http/client_dial.hpp"

#include <utility>

#include "adapters/http/client_tunnel.hpp"
#include "adapters/net/happy_eyeballs.hpp"

namespace dujiang::adapters::http {
namespace {

using ports::IoFailure;
using Step = DialTrail::Step;

IoFailure kind_of(net::ConnectFailure::Kind kind) {
  using Kind = net::ConnectFailure::Kind;
  switch (kind) {
    case Kind::timeout:
      return IoFailure::connect_timeout;
    case Kind::local:
      return IoFailure::local;
    case Kind::refused:
    case Kind::unreachable:
      break;
  }
  return IoFailure::connect;
}

ConnectError from(const net::ConnectFailure& failure) {
  using Kind = net::ConnectFailure::Kind;
  return {.failure = kind_of(failure.kind),
          .detail = failure.message,
          .blame = failure.kind == Kind::local ? ConnectError::Blame::nobody : ConnectError::Blame::endpoint};
}

ConnectError from(const net::TlsFailure& failure) {
  if (failure.kind != net::TlsFailure::Kind::timeout)
    return {.failure = IoFailure::tls, .detail = failure.message};
  return {.failure = IoFailure::connect_timeout,
          .detail = failure.message,
          .blame = ConnectError::Blame::endpoint};
}

ConnectError from(const TunnelFailure& failure) {
  using Kind = TunnelFailure::Kind;
  return {
      .failure = failure.kind == Kind::timeout ? IoFailure::connect_timeout : IoFailure::connect,
      .detail = failure.message,
      .blame = failure.kind == Kind::forbidden ? ConnectError::Blame::nobody : ConnectError::Blame::endpoint};
}

}  // namespace

base::Result<Destination> destination_of(const route::EndpointSpec& endpoint) {
  auto url = parse_base_url(endpoint.url);
  if (!url) return std::unexpected(url.error());
  if (!endpoint.proxy) return Destination{std::move(*url), std::nullopt};
  auto proxy = parse_proxy_url(endpoint.proxy->reveal());
  if (!proxy) return base::fail("its proxy " + proxy.error().message);
  return Destination{std::move(*url), std::move(*proxy)};
}

runtime::Task<Dialled> dial(runtime::EpollLoop& loop, net::Resolver& resolver,
                            std::shared_ptr<net::TlsContext> tls, const Destination& to,
                            base::TimePoint until, DialTrail* trail) {
  DialTrail unread;
  DialTrail& seen = trail != nullptr ? *trail : unread;
  seen.started = loop.now();
  auto addresses = co_await resolver.resolve(to.proxy ? to.proxy->host : to.url.host, until);
  seen.resolved = loop.now();
  if (!addresses) {
    co_return std::unexpected(
        ConnectError{.failure = IoFailure::dns, .detail = std::move(addresses.error().message)});
  }
  seen.addresses = *addresses;
  seen.step = Step::tcp;
  const std::uint16_t port = to.proxy ? to.proxy->port : to.url.port;
  auto tcp = co_await net::connect_first(loop, std::move(*addresses), port, until);
  seen.connected = loop.now();
  if (!tcp) {
    ConnectError error = from(tcp.error());
    const std::string name = endpoint_name(to.url);
    error.detail.insert(0, to.proxy ? name + " by proxy " + to.proxy->name + ": " : name + ": ");
    co_return std::unexpected(std::move(error));
  }
  if (trail != nullptr) seen.peer = (*tcp)->peer();
  std::unique_ptr<net::TcpConn> way = std::move(*tcp);
  if (to.url.scheme == BaseUrl::Scheme::https) {
    if (to.proxy) {
      seen.step = Step::tunnel;
      auto open = co_await open_tunnel(std::move(way), *to.proxy, endpoint_name(to.url), until);
      seen.tunnelled = loop.now();
      if (!open) co_return std::unexpected(from(open.error()));
      way = std::move(*open);
    }
    seen.step = Step::tls;
    auto conn = co_await net::connect_tls(std::move(tls), std::move(way), to.url.host, to.url.port, until,
                                          trail != nullptr ? &seen.tls : nullptr);
    seen.secured = loop.now();
    if (!conn) co_return std::unexpected(from(conn.error()));
    seen.step = Step::done;
    co_return std::move(*conn);
  }
  seen.step = Step::done;
  co_return std::move(way);
}

}  // namespace dujiang::adapters::http
