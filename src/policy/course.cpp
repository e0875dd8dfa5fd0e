#include "policy/course.hpp"

#include <algorithm>

namespace dujiang::policy {

namespace {

// The lesser of two bounds of which 0 means none.
std::uint32_t least_bound(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

Course::Course(const route::RouteSpec& route, const std::vector<std::uint32_t>& order,
               std::uint32_t max_attempts, base::TimePoint deadline)
    : backoff_{.initial = route.retries.backoff_initial, .cap = route.retries.backoff_cap},
      patience_(route.clocks.first_token),
      deadline_(deadline),
      max_attempts_(least_bound(route.retries.max_attempts, max_attempts)),
      max_paid_repeats_(route.retries.possibly_billed_per_request) {
  legs_.reserve(order.size());
  for (const std::uint32_t target : order) {
    legs_.push_back({.target = target, .context = route.targets[target].can.context_tokens});
  }
}

Step Course::next(base::TimePoint now, base::Random& chance) {
  using Why = GiveUp::Why;
  if (final_cause_) return GiveUp{Why::ended, final_cause_};
  if (now >= deadline_) return give_up(Why::deadline);
  if (max_attempts_ != 0 && attempts_ >= max_attempts_) return give_up(Why::attempts);
  // Where every queue refused, asking again at once would get the same answer.
  if (std::ranges::none_of(legs_, [this](const Leg& leg) { return usable(leg) && !leg.unadmitted; })) {
    return give_up(Why::no_target);
  }
  if (owes_ && paid_repeats_ >= max_paid_repeats_) return give_up(Why::paid_repeats);
  return choose(now, chance);
}

// The first untried target of this round, or else of a new one.
Step Course::choose(base::TimePoint now, base::Random& chance) {
  Leg* leg = first_untried(std::max(now, round_start_));
  if (leg == nullptr) {
    begin_round(now, chance);
    leg = first_untried(std::max(now, round_start_));
  }
  const base::TimePoint at = std::max(now, round_start_);
  if (leg == nullptr || at >= deadline_) return give_up(GiveUp::Why::deadline);
  leg->tried = true;
  if (!owes_) return send(*leg, at, false);
  drawing_for_ = leg->target;
  drawing_at_ = at;
  return Draw{.target = *owes_, .latest = deadline_ - base::Duration{1}};
}

Step Course::drawn(std::optional<base::TimePoint> allowed) {
  if (!allowed) return give_up(GiveUp::Why::paid_repeats);
  owes_.reset();
  ++paid_repeats_;
  return send(leg_of(drawing_for_), std::max(drawing_at_, *allowed), true);
}

Try Course::send(const Leg& leg, base::TimePoint at, bool paid_repeat) {
  sent_at_ = at;
  const bool alone = another(leg.target) == nullptr;
  return {.target = leg.target,
          .not_before = at,
          .admit_by = alone ? deadline_ : std::min(deadline_, base::after(at, patience_)),
          .paid_repeat = paid_repeat};
}

void Course::begin_round(base::TimePoint now, base::Random& chance) {
  Backoff paced = backoff_;
  paced.cap = std::min(backoff_.cap, std::max((deadline_ - now) / 2, backoff_.initial));
  round_start_ = base::after(now, paced.delay(rounds_++, std::nullopt, chance));

  base::TimePoint first_floor = base::kNever;
  for (Leg& leg : legs_) {
    leg.tried = false;
    if (usable(leg) && !leg.unadmitted) first_floor = std::min(first_floor, leg.floor);
  }
  round_start_ = std::max(round_start_, first_floor);
}

void Course::observe(const AttemptOutcome& outcome, base::TimePoint now) {
  const std::size_t index = observed_++;
  Leg& leg = leg_of(outcome.target);
  if (outcome.finding == Finding::answered) {
    ++attempts_;
    return;
  }
  if (!first_cause_) first_cause_ = index;
  if (outcome.billing == Billing::possibly_billed) owes_ = outcome.target;
  if (outcome.retry_after) leg.floor = base::after(now, *outcome.retry_after);
  if (outcome.finding == Finding::not_admitted) {
    leg.unadmitted = true;
    return;
  }
  for (Leg& each : legs_) each.unadmitted = false;
  if (outcome.finding == Finding::queued_out) return;
  ++attempts_;

  switch (outcome.finding) {
    case Finding::timed_out:
      if (another(leg.target) != nullptr) leg.closed = true;
      break;
    case Finding::blank:
      if (++blanks_ > 1) final_cause_ = first_cause_;
      break;
    case Finding::account_fault:
      leg.closed = !outcome.other_account;
      leg.tried = false;
      break;
    case Finding::filtered:
      leg.closed = true;
      break;
    case Finding::context_too_long:
      close_smaller_contexts(leg);
      break;
    case Finding::request_fault:
    case Finding::broken:
      final_cause_ = index;
      break;
    case Finding::answered:
    case Finding::busy:
    case Finding::not_admitted:
    case Finding::queued_out:
      break;
  }
}

bool Course::may_repeat() const {
  return (max_attempts_ == 0 || attempts_ + 1 < max_attempts_) && paid_repeats_ < max_paid_repeats_;
}

std::optional<std::uint32_t> Course::elsewhere(std::uint32_t target) const {
  if (!may_repeat()) return std::nullopt;
  const Leg* leg = another(target, sent_at_);
  if (leg == nullptr) return std::nullopt;
  return leg->target;
}

Course::Leg& Course::leg_of(std::uint32_t target) { return *std::ranges::find(legs_, target, &Leg::target); }

// Another usable target that asked to be left alone until `by` at most; one that is untried in this round
// rather than not.
const Course::Leg* Course::another(std::uint32_t target, base::TimePoint by) const {
  const Leg* found = nullptr;
  for (const Leg& leg : legs_) {
    if (leg.target == target || !usable(leg) || leg.unadmitted || leg.floor > by) continue;
    if (!leg.tried) return &leg;
    if (found == nullptr) found = &leg;
  }
  return found;
}

Course::Leg* Course::first_untried(base::TimePoint at) {
  const auto it = std::ranges::find_if(
      legs_, [&](const Leg& leg) { return usable(leg) && !leg.tried && !leg.unadmitted && leg.floor <= at; });
  return it == legs_.end() ? nullptr : &*it;
}

// A target that declares no context is assumed to hold more than one that does; of two that declare none,
// neither is known to hold more.
void Course::close_smaller_contexts(const Leg& than) {
  const std::optional<std::uint64_t> limit = than.context;
  for (Leg& leg : legs_) {
    const bool may_be_larger = limit ? !leg.context || *leg.context > *limit : leg.context.has_value();
    if (!may_be_larger) leg.closed = true;
  }
}

}  // namespace dujiang::policy
