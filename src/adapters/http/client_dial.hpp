// Makes a new connection to an endpoint: its name, TCP, a proxy's tunnel, TLS.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http/client_proxy.hpp"
#include "adapters/http/client_url.hpp"
#include "adapters/net/conn.hpp"
#include "adapters/net/dns.hpp"
#include "adapters/net/tls.hpp"
#include "base/result.hpp"
#include "ports/http_client.hpp"
#include "route/spec.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::adapters::http {

// Where an endpoint is, and how to get there.
struct Destination {
  BaseUrl url;
  std::optional<ProxyUrl> proxy;
};

// The error says what is wrong with the URL or with that of its proxy.
base::Result<Destination> destination_of(const route::EndpointSpec& endpoint);

struct ConnectError {
  // An endpoint that refuses is left alone for a while. A bad certificate or an unknown name does not heal by
  // waiting and says more each time it is seen; want of descriptors is our own.
  enum class Blame : std::uint8_t { endpoint, nobody };

  ports::IoFailure failure{};
  std::string detail{};
  Blame blame = Blame::nobody;
};

// How far a dial came, and what it met on its way: for who wants to tell of it.
struct DialTrail {
  enum class Step : std::uint8_t { name, tcp, tunnel, tls, done };

  Step step = Step::name;      // that it is at; where it failed, the one that failed
  net::AddressList addresses;  // null before they are known
  net::SocketAddress peer;     // from `tcp` on
  base::TimePoint started{};
  base::TimePoint resolved{};
  base::TimePoint connected{};
  base::TimePoint tunnelled{};
  base::TimePoint secured{};
  net::TlsSight tls;
};

using Dialled = std::expected<std::unique_ptr<net::Conn>, ConnectError>;

// By `until` at the latest. `tls` may be null for http. `to`, `resolver` and `trail` (which may be null)
// outlive the task.
runtime::Task<Dialled> dial(runtime::EpollLoop& loop, net::Resolver& resolver,
                            std::shared_ptr<net::TlsContext> tls, const Destination& to,
                            base::TimePoint until, DialTrail* trail = nullptr);

}  // namespace dujiang::adapters::http
