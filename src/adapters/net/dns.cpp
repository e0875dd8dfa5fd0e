#include "adapters/net/dns.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dujiang::adapters::net {
namespace {

using Resolved = std::expected<AddressList, ResolveError>;

// One look-up and those who wait for it.
struct Flight {
  base::TimePoint started;
  bool done = false;
  std::vector<runtime::Signal*> waiters{};
};

// A place among the waiters for as long as the coroutine's frame lives.
class Seat {
 public:
  Seat(std::shared_ptr<Flight> flight, runtime::Signal& signal)
      : flight_(std::move(flight)), signal_(signal) {
    flight_->waiters.push_back(&signal_);
  }
  ~Seat() { std::erase(flight_->waiters, &signal_); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  std::shared_ptr<Flight> flight_;
  runtime::Signal& signal_;
};

}  // namespace

class Resolver::Impl {
 public:
  Impl(runtime::EpollLoop& loop, ResolverSettings settings)
      : loop_(loop),
        stale_wait_(settings.stale_wait),
        cache_(settings.cache),
        channel_(std::make_unique<AresChannel>(loop, std::move(settings.servers))) {}

  void close() { channel_.reset(); }

  static runtime::Task<Resolved> resolve(std::shared_ptr<Impl> self, std::string host,
                                         base::TimePoint until) {
    if (const auto literal = SocketAddress::from_ip(host, 0)) {
      co_return std::make_shared<std::vector<SocketAddress>>(1, *literal);
    }
    CachedName known = self->cache_.find(host, self->loop_.now());
    if (!known.current && self->channel_) {
      const auto flight = self->join(host);
      const base::TimePoint patience =
          known.addresses ? std::min(until, base::after(flight->started, self->stale_wait_)) : until;
      runtime::Signal signal(self->loop_);
      const Seat seat(flight, signal);
      while (!flight->done) {
        if (co_await signal.wait(patience) == runtime::Wake::timeout) break;
      }
      known = self->cache_.find(host, self->loop_.now());
      if (!flight->done && !known.addresses) {
        co_return std::unexpected(
            ResolveError{.kind = ResolveError::Kind::deadline,
                         .message = host + " was not resolved in time; check the DNS server"});
      }
    }
    if (known.addresses) co_return known.addresses;
    co_return std::unexpected(ResolveError{.kind = ResolveError::Kind::failed,
                                           .message = host + " does not resolve: " + known.error});
  }

  std::uint64_t look_ups() const { return look_ups_; }

 private:
  std::shared_ptr<Flight> join(const std::string& host) {
    if (const auto it = flights_.find(host); it != flights_.end()) return it->second;
    auto flight = std::make_shared<Flight>(Flight{.started = loop_.now()});
    flights_.emplace(host, flight);
    ++look_ups_;
    channel_->look_up(host, [this, host, flight](base::Result<DnsAnswer> answer) {
      land(host, std::move(answer));
      flight->done = true;
      for (runtime::Signal* waiter : flight->waiters) waiter->notify();
    });
    return flight;
  }

  void land(const std::string& host, base::Result<DnsAnswer> answer) {
    if (answer) {
      auto addresses = std::make_shared<const std::vector<SocketAddress>>(std::move(answer->addresses));
      cache_.store(host, std::move(addresses), answer->ttl, loop_.now());
    } else {
      cache_.store_failure(host, std::move(answer.error().message), loop_.now());
    }
    flights_.erase(host);
  }

  runtime::EpollLoop& loop_;
  base::Duration stale_wait_;
  DnsCache cache_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  std::uint64_t look_ups_ = 0;
  std::unique_ptr<AresChannel> channel_;  // last: its end calls back
};

Resolver::Resolver(runtime::EpollLoop& loop, ResolverSettings settings)
    : impl_(std::make_shared<Impl>(loop, std::move(settings))) {}

Resolver::~Resolver() { impl_->close(); }

runtime::Task<Resolved> Resolver::resolve(std::string host, base::TimePoint until) {
  return Impl::resolve(impl_, std::move(host), until);
}

std::uint64_t Resolver::look_ups() const { return impl_->look_ups(); }

}  // namespace dujiang::adapters::net
