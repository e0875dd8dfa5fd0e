#include "engine/upstream.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "ports/metric_catalog.hpp"
#include "runtime/elsewhere.hpp"

namespace dujiang::engine {
namespace {

using ports::Metric;

std::optional<policy::TokenBucket> bucket_of(const route::UpstreamSpec& spec) {
  if (!spec.rate_limit) return std::nullopt;
  return policy::TokenBucket(spec.rate_limit->per_second, spec.rate_limit->burst);
}

std::string_view label_of(policy::QueueRefusal::Reason reason) {
  return reason == policy::QueueRefusal::Reason::full ? "full" : "too_late";
}

}  // namespace

bool Setup::streams_unstreamed() const {
  switch (spec->unstreamed) {
    case route::Unstreamed::as_stream:
      return true;
    case route::Unstreamed::as_is:
      return false;
    case route::Unstreamed::dialect_default:
      break;
  }
  return dialect->unstreamed_as_stream;
}

Upstream::Upstream(runtime::Loop& home, ports::Metrics& metrics, Setup setup)
    : name_(setup.spec->name),
      home_(home),
      metrics_(metrics),
      setup_(std::move(setup)),
      accounts_(spec()),
      queue_(spec().queue_limit, bucket_of(spec())),
      budget_({.share = spec().possibly_billed_share, .reserve_every = spec().possibly_billed_reserve}) {}

void Upstream::adopt(runtime::Loop& here, Setup setup) {
  runtime::tell(here, home_, [self = shared_from_this(), setup = std::move(setup)]() mutable {
    self->setup_ = std::move(setup);
    const route::UpstreamSpec& spec = self->spec();
    self->accounts_.adopt(spec);
    self->queue_.adopt(spec.queue_limit, bucket_of(spec), self->home_.now());
    self->budget_.adopt(spec.possibly_billed_share, spec.possibly_billed_reserve);
    self->pump();
  });
}

void Upstream::deposit(runtime::Loop& here) {
  runtime::tell(here, home_, [self = shared_from_this()] { self->budget_.deposit(self->home_.now()); });
}

runtime::Task<std::optional<base::TimePoint>> Upstream::withdraw_by(runtime::Loop& here,
                                                                    base::TimePoint latest) {
  return runtime::call_on(here, home_, [self = shared_from_this(), latest] {
    return self->budget_.withdraw_by(self->home_.now(), latest);
  });
}

runtime::Task<bool> Upstream::has_repeat(runtime::Loop& here) {
  return runtime::call_on(
      here, home_, [self = shared_from_this()] { return self->budget_.balance(self->home_.now()) >= 1; });
}

void Upstream::measure() {
  metrics_.set(Metric::retry_budget_balance, {name_}, budget_.balance(home_.now()));
  metrics_.set(Metric::queue_length, {name_}, static_cast<double>(queue_.size()));
}

std::uint64_t Upstream::enter(policy::QueueEntry entry, Tell tell) {
  const base::TimePoint now = home_.now();
  const std::uint64_t id = next_id_++;
  entry.id = id;
  const auto can_start = [&](std::string_view pool) { return accounts_.can_take(pool, now); };
  if (queue_.pass(entry, now, can_start)) {
    metrics_.observe(Metric::queue_wait, {name_}, 0);
    tell({.state = Admitted::State::admitted,
          .grant = Grant{shared_from_this(), setup_, *accounts_.take(entry.pool, now)}});
    return id;
  }
  Waiter waiter{std::move(tell), entry.pool, now, entry.deadline};
  if (auto offered = queue_.offer(std::move(entry), now); !offered) {
    metrics_.add(Metric::queue_refused, {name_, label_of(offered.error().reason)});
    waiter.tell({.state = Admitted::State::refused, .refusal = offered.error()});
    return id;
  }
  ++waiting_by_pool_[waiter.pool];
  waiting_.emplace(id, std::move(waiter));
  pump();
  return id;
}

void Upstream::leave(std::uint64_t id) {
  if (!queue_.remove(id)) return;
  forget(id);
  pump();
}

Upstream::Waiter Upstream::forget(std::uint64_t id) {
  const auto node = waiting_.extract(id);
  Waiter waiter = std::move(node.mapped());
  const auto pool = waiting_by_pool_.find(waiter.pool);
  if (--pool->second == 0) waiting_by_pool_.erase(pool);
  return waiter;
}

void Upstream::release(const policy::Accounts::Permit& right) {
  accounts_.release(right, home_.now());
  pump();
}

bool Upstream::take_out(policy::Accounts::Permit right, policy::Accounts::Refused what, api::ApiError why) {
  const base::TimePoint now = home_.now();
  if (accounts_.take_out(right, what, now)) last_taken_out_ = std::move(why);
  return accounts_.back_at(now) <= now;
}

void Upstream::settle(std::uint64_t id, Admitted outcome) {
  Waiter waiter = forget(id);
  metrics_.observe(Metric::queue_wait, {name_}, base::seconds(home_.now() - waiter.offered));
  waiter.tell(std::move(outcome));
}

void Upstream::close_pools_without_accounts(base::TimePoint now) {
  const base::TimePoint back = accounts_.back_at(now);
  if (back <= now) return;
  std::vector<std::uint64_t> hopeless;
  for (const auto& [id, waiter] : waiting_) {
    if (waiter.deadline <= back) hopeless.push_back(id);
  }
  std::ranges::sort(hopeless);
  for (const std::uint64_t id : hopeless) {
    queue_.remove(id);
    settle(id, {.state = Admitted::State::closed, .cause = last_taken_out_});
  }
}

void Upstream::pump() {
  const base::TimePoint now = home_.now();
  for (const std::uint64_t id : queue_.expire(now)) {
    metrics_.add(Metric::queue_refused, {name_, "expired"});
    settle(id, {.state = Admitted::State::expired});
  }
  close_pools_without_accounts(now);
  const auto can_start = [&](std::string_view pool) { return accounts_.can_take(pool, now); };
  while (const auto id = queue_.next(now, can_start)) {
    Grant grant{shared_from_this(), setup_, *accounts_.take(waiting_.at(*id).pool, now)};
    settle(*id, {.state = Admitted::State::admitted, .grant = std::move(grant)});
  }
  base::TimePoint wake = queue_.next_wake(now);
  for (const auto& [pool, count] : waiting_by_pool_) wake = std::min(wake, accounts_.next_change(pool, now));
  home_.arm(*this, wake);
  metrics_.set(Metric::queue_length, {name_}, static_cast<double>(queue_.size()));
}

}  // namespace dujiang::engine
