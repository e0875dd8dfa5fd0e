// One upstream as the client sees it: its endpoints, their kept connections, and how a new one is made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http/client_counters.hpp"
#include "adapters/http/client_dial.hpp"
#include "adapters/http/client_idle.hpp"
#include "adapters/http/client_keep.hpp"
#include "adapters/http/client_url.hpp"
#include "adapters/net/conn.hpp"
#include "adapters/net/dns.hpp"
#include "adapters/net/tls.hpp"
#include "balance/balancer.hpp"
#include "base/result.hpp"
#include "ports/http_client.hpp"
#include "route/spec.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::adapters::http {

// An open connection, counted for as long as it lives.
class UpstreamConn {
 public:
  UpstreamConn(std::unique_ptr<net::Conn> conn, std::size_t endpoint, base::TimePoint end_of_age,
               std::shared_ptr<ClientCounters> counters)
      : conn_(std::move(conn)), endpoint_(endpoint), end_of_age_(end_of_age), counters_(std::move(counters)) {
    ++counters_->open;
  }
  UpstreamConn(UpstreamConn&&) noexcept = default;
  UpstreamConn& operator=(UpstreamConn&& other) noexcept {
    std::swap(conn_, other.conn_);
    std::swap(endpoint_, other.endpoint_);
    std::swap(end_of_age_, other.end_of_age_);
    std::swap(counters_, other.counters_);
    return *this;
  }
  ~UpstreamConn() {
    if (conn_) --counters_->open;
  }

  net::Conn& operator*() const { return *conn_; }
  net::Conn* operator->() const { return conn_.get(); }
  std::size_t endpoint() const { return endpoint_; }
  base::TimePoint end_of_age() const { return end_of_age_; }

  // It is that endpoint's from now on, which lets it grow no older than this.
  void pass_on(std::size_t endpoint, base::TimePoint end_of_age) {
    endpoint_ = endpoint;
    end_of_age_ = std::min(end_of_age_, end_of_age);
  }

 private:
  std::unique_ptr<net::Conn> conn_;
  std::size_t endpoint_;
  base::TimePoint end_of_age_;
  std::shared_ptr<ClientCounters> counters_;
};

// Whether a kept connection will do: any, or one that was at work a moment ago.
enum class Freshness : std::uint8_t { any, recent, fresh };

class ClientUpstream final : private runtime::Timer, public std::enable_shared_from_this<ClientUpstream> {
 public:
  // What an upstream shares with others, and with those of its name before and after it.
  struct Shared {
    std::shared_ptr<net::Resolver> resolver;
    std::shared_ptr<ClientCounters> counters;
  };

  // The error names the upstream and the setting. `before` is the one that it is to succeed, if any: TLS
  // sessions and roots are shared where the same are trusted.
  static base::Result<std::shared_ptr<ClientUpstream>> make(runtime::EpollLoop& loop, Shared shared,
                                                            route::UpstreamSpec spec,
                                                            const ClientUpstream* before = nullptr);

  // Whether it is what make() would come to with `spec`: what is in the files counts, too.
  bool is_up_to_date(const route::UpstreamSpec& spec) const;

  // Takes over from `before` what is known of the endpoints that stay, and their kept connections; those in
  // use come when they are given back. What is under way there goes on there.
  void succeed(ClientUpstream& before);

  // Its handshakes are counted for good: its own TLS context will not be asked any more.
  void settle_handshakes();

  // What an exchange waits for. `ready` is signalled when `outcome` is there.
  struct Acquiring {
    explicit Acquiring(runtime::Loop& loop) : ready(loop) {}

    runtime::Signal ready;
    std::size_t endpoint = 0;  // being tried, or the last one that was
    bool reused = false;
    bool abandoned = false;  // nobody waits any more; the connection goes to the pool
    std::optional<std::expected<UpstreamConn, ConnectError>> outcome;
  };

  // Starts to get a connection: a kept one is there at once, a new one takes at most connect_timeout per
  // endpoint, and those that cannot be reached are passed over. It is never cut short: abandon it.
  std::shared_ptr<Acquiring> acquire(Freshness freshness);

  // Keeps a connection that has served a whole exchange. `hint`: how long the peer says that it will keep it.
  void give_back(UpstreamConn conn, std::optional<base::Duration> hint);

  // Closes the kept connections, and keeps none from now on.
  void close();

  // The Proxy-Authorization, perhaps empty, where requests to an endpoint are asked of a proxy.
  std::optional<std::string_view> asks_proxy(std::size_t endpoint) const;

  const BaseUrl& url(std::size_t endpoint) const { return endpoints_[endpoint].to.url; }
  const std::string& endpoint_name(std::size_t endpoint) const { return endpoints_[endpoint].name; }
  runtime::EpollLoop& loop() const { return loop_; }
  const std::string& name() const { return spec_.name; }
  void count_stale_repeat() { ++counters_->stale_repeats; }
  ClientCounters counters() const;

  // How the certificates of its endpoints are checked.
  struct Trust {
    std::shared_ptr<net::TlsContext> tls;  // null when every endpoint is http
    std::string roots;                     // what was in the ca_file
  };

  ClientUpstream(runtime::EpollLoop& loop, Shared shared, route::UpstreamSpec spec,
                 std::vector<Destination> destinations, Trust trust);

 private:
  struct Endpoint {
    Destination to;
    std::string name;
    IdleStack<UpstreamConn> idle;
  };

  // The endpoints that one request went to, and what they said.
  struct Attempts {
    std::vector<std::size_t> tried;
    std::optional<ConnectError> error;  // of the first one; the others' details are added
  };

  std::optional<UpstreamConn> take_idle(Endpoint& endpoint, Freshness freshness);
  bool use_idle(Acquiring& job, std::size_t endpoint, Freshness freshness);
  bool try_idle(Acquiring& job, Attempts& attempts, Freshness freshness);
  static runtime::Task<void> connect_some(std::shared_ptr<ClientUpstream> self,
                                          std::shared_ptr<Acquiring> job, Attempts attempts,
                                          Freshness freshness);
  base::TimePoint end_of_age_from_now() {
    return end_of_age(loop_.now(), spec_.max_connection_age, loop_.random());
  }
  void conclude(Acquiring& job, std::expected<UpstreamConn, ConnectError> outcome);
  ConnectError no_endpoint(Attempts attempts) const;
  // The endpoint here that is endpoint `its` there, trusted alike.
  std::optional<std::size_t> same_as(const ClientUpstream& before, std::size_t its) const;
  void fire() override;
  void schedule();

  runtime::EpollLoop& loop_;
  route::UpstreamSpec spec_;
  Trust trust_;
  std::shared_ptr<net::Resolver> resolver_;
  std::shared_ptr<ClientCounters> counters_;
  balance::Balancer balancer_;
  std::deque<Endpoint> endpoints_;
  std::shared_ptr<ClientUpstream> heir_;  // who keeps the connections that come back
  bool closed_ = false;
};

}  // namespace dujiang::adapters::http
