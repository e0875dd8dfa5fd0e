#include "adapters/http/client_upstream.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace dujiang::adapters::http {
namespace {

using ports::IoFailure;

std::unique_ptr<balance::Strategy> strategy_of(const route::UpstreamSpec& spec) {
  if (spec.balance == route::Balance::round_robin) return balance::make_round_robin();
  std::vector<std::uint32_t> weights;
  weights.reserve(spec.endpoints.size());
  for (const route::EndpointSpec& endpoint : spec.endpoints) weights.push_back(endpoint.weight);
  return balance::make_smooth_weighted(std::move(weights));
}

// What is in the file; nothing where it can't be read, which whoever uses it will say.
std::string content_of(const std::optional<std::string>& file) {
  if (!file) return {};
  std::ifstream in(*file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

base::Result<std::shared_ptr<ClientUpstream>> ClientUpstream::make(runtime::EpollLoop& loop, Shared shared,
                                                                   route::UpstreamSpec spec,
                                                                   const ClientUpstream* before) {
  const auto refuse = [&](const std::string& reason) {
    return base::fail("upstream " + spec.name + ": " + reason);
  };
  if (spec.endpoints.empty()) return refuse("there is no endpoint; name a base URL");
  std::vector<Destination> destinations;
  bool is_secure = false;
  for (const route::EndpointSpec& endpoint : spec.endpoints) {
    auto to = destination_of(endpoint);
    if (!to) return refuse(to.error().message);
    is_secure = is_secure || to->url.scheme == BaseUrl::Scheme::https;
    destinations.push_back(std::move(*to));
  }
  Trust trust{.tls = nullptr, .roots = content_of(spec.ca_file)};
  const bool trusts_the_same = before != nullptr && before->trust_.tls &&
                               before->spec_.ca_file == spec.ca_file && before->trust_.roots == trust.roots;
  if (is_secure && trusts_the_same) {
    trust.tls = before->trust_.tls;
  } else if (is_secure) {
    auto made = net::TlsContext::make(spec.ca_file);
    if (!made) return refuse(made.error().message);
    trust.tls = std::move(*made);
  }
  return std::make_shared<ClientUpstream>(loop, std::move(shared), std::move(spec), std::move(destinations),
                                          std::move(trust));
}

bool ClientUpstream::is_up_to_date(const route::UpstreamSpec& spec) const {
  return spec == spec_ && content_of(spec.ca_file) == trust_.roots;
}

std::optional<std::size_t> ClientUpstream::same_as(const ClientUpstream& before, std::size_t its) const {
  const Endpoint& there = before.endpoints_[its];
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& here = endpoints_[i];
    if (here.name != there.name || here.to.url.scheme != there.to.url.scheme ||
        here.to.proxy != there.to.proxy) {
      continue;
    }
    if (here.to.url.scheme == BaseUrl::Scheme::http || trust_.tls == before.trust_.tls) return i;
  }
  return std::nullopt;
}

void ClientUpstream::settle_handshakes() {
  if (!trust_.tls) return;
  counters_->tls_handshakes += trust_.tls->counters().handshakes;
  counters_->tls_resumed += trust_.tls->counters().resumed;
}

void ClientUpstream::succeed(ClientUpstream& before) {
  if (before.trust_.tls != trust_.tls) before.settle_handshakes();
  for (std::size_t its = 0; its < before.endpoints_.size(); ++its) {
    const auto here = same_as(before, its);
    if (!here) continue;
    balancer_.inherit(*here, before.balancer_, its);
    before.endpoints_[its].idle.hand_over(endpoints_[*here].idle, [&](UpstreamConn& conn) {
      conn.pass_on(*here, end_of_age_from_now());
      return conn.end_of_age();
    });
  }
  before.heir_ = shared_from_this();
  before.close();
  schedule();
}

ClientUpstream::ClientUpstream(runtime::EpollLoop& loop, Shared shared, route::UpstreamSpec spec,
                               std::vector<Destination> destinations, Trust trust)
    : loop_(loop),
      spec_(std::move(spec)),
      trust_(std::move(trust)),
      resolver_(std::move(shared.resolver)),
      counters_(std::move(shared.counters)),
      balancer_(spec_.endpoints.size(), strategy_of(spec_), spec_.probe_interval) {
  for (Destination& to : destinations) {
    std::string name = http::endpoint_name(to.url);
    endpoints_.push_back(
        {std::move(to), std::move(name), IdleStack<UpstreamConn>(spec_.max_idle_connections)});
  }
}

std::optional<std::string_view> ClientUpstream::asks_proxy(std::size_t endpoint) const {
  const Destination& at = endpoints_[endpoint].to;
  if (!at.proxy || at.url.scheme == BaseUrl::Scheme::https) return std::nullopt;
  return at.proxy->authorization;
}

std::shared_ptr<ClientUpstream::Acquiring> ClientUpstream::acquire(Freshness freshness) {
  auto job = std::make_shared<Acquiring>(loop_);
  Attempts attempts;
  if (!try_idle(*job, attempts, freshness)) {
    loop_.spawn(connect_some(shared_from_this(), job, std::move(attempts), freshness));
  }
  return job;
}

// Chooses an endpoint and looks among its kept connections. False: a new connection to job.endpoint is
// needed.
bool ClientUpstream::try_idle(Acquiring& job, Attempts& attempts, Freshness freshness) {
  const auto chosen = balancer_.choose(loop_.now(), attempts.tried);
  if (chosen) {
    job.endpoint = *chosen;
    attempts.tried.push_back(*chosen);
    if (freshness != Freshness::fresh && use_idle(job, *chosen, freshness)) {
      balancer_.abandoned(*chosen);  // an old connection says nothing about new ones
      return true;
    }
    return false;
  }
  // Where new connections are refused, those that stand may still serve.
  for (std::size_t i = 0; freshness != Freshness::fresh && i < endpoints_.size(); ++i) {
    if (use_idle(job, i, Freshness::any)) return true;
  }
  conclude(job, std::unexpected(no_endpoint(std::move(attempts))));
  return true;
}

bool ClientUpstream::use_idle(Acquiring& job, std::size_t endpoint, Freshness freshness) {
  auto kept = take_idle(endpoints_[endpoint], freshness);
  if (!kept) return false;
  ++counters_->pool_hits;
  job.endpoint = endpoint;
  job.reused = true;
  conclude(job, std::move(*kept));
  return true;
}

std::optional<UpstreamConn> ClientUpstream::take_idle(Endpoint& endpoint, Freshness freshness) {
  const base::TimePoint now = loop_.now();
  const base::TimePoint since = freshness == Freshness::any ? base::TimePoint::min() : now - kShortRest;
  while (auto kept = endpoint.idle.take(now, since)) {
    // Nothing may come while no request is out: an end of stream, a reset, or bytes that would be taken for
    // the answer to the next request.
    if (!(*kept)->may_have_more()) return kept;
    std::array<char, 1> unexpected{};
    if ((*kept)->read(unexpected).status == net::IoStatus::would_block) return kept;
  }
  return std::nullopt;
}

runtime::Task<void> ClientUpstream::connect_some(std::shared_ptr<ClientUpstream> self,
                                                 std::shared_ptr<Acquiring> job, Attempts attempts,
                                                 Freshness freshness) {
  do {
    const std::size_t endpoint = job->endpoint;
    const base::TimePoint until = base::after(self->loop_.now(), self->spec_.connect_timeout);
    Dialled conn =
        co_await dial(self->loop_, *self->resolver_, self->trust_.tls, self->endpoints_[endpoint].to, until);
    if (conn) {
      self->balancer_.connected(endpoint);
      ++self->counters_->connections_opened;
      self->conclude(*job,
                     UpstreamConn(std::move(*conn), endpoint, self->end_of_age_from_now(), self->counters_));
      co_return;
    }
    self->counters_->count(conn.error().failure);
    if (conn.error().blame == ConnectError::Blame::endpoint) {
      self->balancer_.refused(endpoint, self->loop_.now());
    } else {
      self->balancer_.abandoned(endpoint);
    }
    if (!attempts.error) {
      attempts.error = std::move(conn.error());
    } else {
      attempts.error->detail += "; " + conn.error().detail;
    }
  } while (!job->abandoned && !self->try_idle(*job, attempts, freshness));
}

void ClientUpstream::conclude(Acquiring& job, std::expected<UpstreamConn, ConnectError> outcome) {
  if (job.abandoned) {
    if (outcome) give_back(std::move(*outcome), std::nullopt);
    return;
  }
  job.outcome.emplace(std::move(outcome));
  job.ready.notify();
}

ConnectError ClientUpstream::no_endpoint(Attempts attempts) const {
  if (attempts.error) return std::move(*attempts.error);
  return {.failure = IoFailure::no_endpoint,
          .detail = "every endpoint of " + spec_.name + " refused connections a moment ago"};
}

void ClientUpstream::give_back(UpstreamConn conn, std::optional<base::Duration> hint) {
  if (heir_) {
    const auto there = heir_->same_as(*this, conn.endpoint());
    if (!there) return;
    conn.pass_on(*there, heir_->end_of_age_from_now());
    return heir_->give_back(std::move(conn), hint);
  }
  const base::TimePoint until = kept_until(
      loop_.now(), {.idle_timeout = spec_.idle_timeout, .hint = hint, .end_of_age = conn.end_of_age()});
  if (closed_ || until <= loop_.now()) return;
  IdleStack<UpstreamConn>& idle = endpoints_[conn.endpoint()].idle;
  idle.put(std::move(conn), loop_.now(), until);
  if (!armed()) schedule();
}

void ClientUpstream::close() {
  closed_ = true;
  for (Endpoint& endpoint : endpoints_) endpoint.idle.clear();
  schedule();
}

ClientCounters ClientUpstream::counters() const {
  ClientCounters result = *counters_;
  if (trust_.tls) {
    result.tls_handshakes += trust_.tls->counters().handshakes;
    result.tls_resumed += trust_.tls->counters().resumed;
  }
  for (const Endpoint& endpoint : endpoints_) result.idle += endpoint.idle.size();
  return result;
}

void ClientUpstream::fire() {
  for (Endpoint& endpoint : endpoints_) endpoint.idle.drop_expired(loop_.now());
  schedule();
}

void ClientUpstream::schedule() {
  base::TimePoint next = base::kNever;
  for (const Endpoint& endpoint : endpoints_) next = std::min(next, endpoint.idle.next_expiry());
  loop_.arm(*this, next);
}

}  // namespace dujiang::adapters::http
