#include "policy/clocks.hpp"

#include <initializer_list>

namespace dujiang::policy {

AttemptClocks::AttemptClocks(const route::Clocks& limits, Form form, Elsewhere elsewhere,
                             base::TimePoint start, base::TimePoint deadline)
    : limits_(limits),
      form_(form),
      elsewhere_(elsewhere),
      deadline_(deadline),
      sent_(start),
      last_byte_(start) {}

void AttemptClocks::on_sent(base::TimePoint now) {
  if (phase_ == Phase::awaiting_head) sent_ = last_byte_ = now;
}

void AttemptClocks::on_head(base::TimePoint now) {
  last_byte_ = now;
  if (phase_ == Phase::awaiting_head) phase_ = Phase::awaiting_token;
}

void AttemptClocks::on_bytes(base::TimePoint now) { last_byte_ = now; }

void AttemptClocks::on_progress(base::TimePoint now) {
  last_byte_ = last_progress_ = now;
  if (phase_ != Phase::finished) phase_ = Phase::generating;
}

void AttemptClocks::on_finish(base::TimePoint now) {
  last_byte_ = now;
  if (phase_ == Phase::finished) return;
  phase_ = Phase::finished;
  finished_ = now;
}

void AttemptClocks::on_paused(base::Duration span) {
  for (base::TimePoint* since : {&sent_, &last_byte_, &last_progress_, &finished_}) *since += span;
}

std::optional<Clock> AttemptClocks::expired(base::TimePoint now) const {
  const Due first = earliest();
  if (first.at > now) return std::nullopt;
  return first.clock;
}

AttemptClocks::Due AttemptClocks::earliest() const {
  Due first{Clock::total, deadline_};
  const auto run = [&first](Clock clock, base::TimePoint since, base::Duration limit) {
    const base::TimePoint at = base::after(since, limit);
    if (at < first.at) first = {clock, at};
  };
  const bool streamed = form_ == Form::streamed;

  if (phase_ == Phase::finished) run(Clock::after_finish, finished_, limits_.after_finish);
  if (phase_ == Phase::awaiting_head) {
    run(Clock::first_byte, sent_, streamed ? limits_.first_byte : limits_.unstreamed_first_byte);
  }
  if (!streamed) return first;

  if (phase_ == Phase::generating) run(Clock::gap, last_progress_, limits_.gap);
  if (phase_ == Phase::awaiting_token || phase_ == Phase::generating) {
    run(Clock::silence, last_byte_, limits_.silence);
  }
  if (phase_ == Phase::awaiting_head || phase_ == Phase::awaiting_token) {
    const bool alone = elsewhere_ == Elsewhere::alone;
    const base::Duration limit = alone ? limits_.alone_first_token : limits_.first_token;
    if (!alone || limit > base::Duration{0}) run(Clock::first_token, sent_, limit);
  }
  return first;
}

}  // namespace dujiang::policy
