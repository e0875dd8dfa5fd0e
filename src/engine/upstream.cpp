#include "engine/upstream.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "ports/metric_catalog.hpp"

namespace dujiang::engine {

using ports::Metric;

Permit::Permit(std::shared_ptr<Upstream> upstream, policy::Accounts::Permit grant)
    : upstream_(std::move(upstream)), setup_(upstream_->setup_), grant_(std::move(grant)) {}

Permit::~Permit() {
  if (upstream_) upstream_->release(grant_);
}

void Permit::accepted() { upstream_->accounts_.accepted(grant_); }

bool Permit::take_out(policy::Accounts::Refused what, api::ApiError why) {
  if (!upstream_->accounts_.take_out(grant_, what, upstream_->loop_.now())) return false;
  upstream_->last_taken_out_ = std::move(why);
  return true;
}

void Permit::pause_until(base::TimePoint until) {
  upstream_->accounts_.pause(grant_, until, upstream_->loop_.now());
}

Admission::Admission(std::shared_ptr<Upstream> upstream, policy::QueueEntry entry)
    : upstream_(std::move(upstream)), id_(upstream_->next_id_++), changed_(upstream_->loop_) {
  entry.id = id_;
  upstream_->enter(*this, std::move(entry));
}

Admission::~Admission() {
  if (state_ == State::waiting) upstream_->leave(id_);
}

Permit Admission::take() {
  Permit permit = std::move(*permit_);
  permit_.reset();
  return permit;
}

namespace {

std::optional<policy::TokenBucket> bucket_of(const route::UpstreamSpec& spec) {
  if (!spec.rate_limit) return std::nullopt;
  return policy::TokenBucket(spec.rate_limit->per_second, spec.rate_limit->burst);
}

std::string_view label_of(policy::QueueRefusal::Reason reason) {
  return reason == policy::QueueRefusal::Reason::full ? "full" : "too_late";
}

}  // namespace

Upstream::Upstream(runtime::Loop& loop, ports::Metrics& metrics, Setup setup)
    : loop_(loop),
      metrics_(metrics),
      setup_(std::move(setup)),
      accounts_(spec()),
      queue_(spec().queue_limit, bucket_of(spec())),
      budget_({.share = spec().possibly_billed_share, .reserve_every = spec().possibly_billed_reserve}) {}

void Upstream::adopt(Setup setup) {
  setup_ = std::move(setup);
  accounts_.adopt(spec());
  queue_.adopt(spec().queue_limit, bucket_of(spec()), loop_.now());
  budget_.adopt(spec().possibly_billed_share, spec().possibly_billed_reserve);
  pump();
}

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

void Upstream::measure() {
  metrics_.set(Metric::retry_budget_balance, {spec().name}, budget_.balance(loop_.now()));
  metrics_.set(Metric::queue_length, {spec().name}, static_cast<double>(queue_.size()));
}

void Upstream::enter(Admission& admission, policy::QueueEntry entry) {
  const base::TimePoint now = loop_.now();
  Waiter waiter{&admission, entry.pool, now, entry.deadline};
  if (auto offered = queue_.offer(std::move(entry), now); !offered) {
    admission.state_ = Admission::State::refused;
    admission.refusal_ = offered.error();
    metrics_.add(Metric::queue_refused, {spec().name, label_of(offered.error().reason)});
    return;
  }
  ++waiting_by_pool_[waiter.pool];
  waiting_.emplace(admission.id_, std::move(waiter));
  pump();
}

void Upstream::leave(std::uint64_t id) {
  queue_.remove(id);
  forget(id);
  pump();
}

void Upstream::forget(std::uint64_t id) {
  const auto waiter = waiting_.find(id);
  const auto pool = waiting_by_pool_.find(waiter->second.pool);
  if (--pool->second == 0) waiting_by_pool_.erase(pool);
  waiting_.erase(waiter);
}

void Upstream::release(const policy::Accounts::Permit& grant) {
  accounts_.release(grant, loop_.now());
  pump();
}

void Upstream::settle(std::uint64_t id, Admission::State state) {
  const Waiter& waiter = waiting_.at(id);
  Admission& admission = *waiter.admission;
  metrics_.observe(Metric::queue_wait, {spec().name}, base::seconds(loop_.now() - waiter.offered));
  forget(id);
  admission.state_ = state;
  admission.changed_.notify();
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
    settle(id, Admission::State::closed);
  }
}

void Upstream::pump() {
  const base::TimePoint now = loop_.now();
  for (const std::uint64_t id : queue_.expire(now)) {
    metrics_.add(Metric::queue_refused, {spec().name, "expired"});
    settle(id, Admission::State::expired);
  }
  close_pools_without_accounts(now);
  const auto can_start = [&](std::string_view pool) { return accounts_.can_take(pool, now); };
  while (const auto id = queue_.next(now, can_start)) {
    const Waiter& waiter = waiting_.at(*id);
    waiter.admission->permit_.emplace(shared_from_this(), *accounts_.take(waiter.pool, now));
    settle(*id, Admission::State::admitted);
  }
  base::TimePoint wake = queue_.next_wake(now);
  for (const auto& [pool, count] : waiting_by_pool_) wake = std::min(wake, accounts_.next_change(pool, now));
  loop_.arm(*this, wake);
  metrics_.set(Metric::queue_length, {spec().name}, static_cast<double>(queue_.size()));
}

}  // namespace dujiang::engine
