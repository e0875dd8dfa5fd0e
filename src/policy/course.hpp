// The course of one request over the targets of its route: where the next attempt goes, when, and when it
// ends.
//
// Refusals that cost nothing (429, 5xx, no connection) are repeated for as long as there is time: at the next
// target at once, and when all open targets have been tried, from the first again after a backoff. Attempts
// that may have been billed are repeated twice per request at most, and only while the upstream's budget
// allows it. A target is closed to the request when it judged the request or its account (401, 402, 403,
// 404), and when it was late or timed out while another is open. "Too long" leaves only larger contexts. What
// is the request's own fault ends it, and so does a failure after the commit. An empty answer is repeated
// once.
//
// When the course ends without an answer, the first failure is the cause that the caller is told, unless the
// last one is the request's own fault or came after the commit.
//
// A backoff stays within half of the time left (but not under the first wait): a request that has time should
// not give up because it drew a long sleep, and refusals are free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "policy/backoff.hpp"
#include "route/spec.hpp"

namespace dujiang::policy {

// What became of an attempt, as far as the course is concerned.
enum class Finding : std::uint8_t {
  answered,          // the caller gets this answer
  busy,              // refused, reset, cut, stalled: may be otherwise next time
  timed_out,         // a late first token, or a clock ran out before the commit
  blank,             // an empty answer
  filtered,          // a content filter refused, and the route says to ask elsewhere
  account_fault,     // 401, 402, 403, 404: not again on this account
  context_too_long,  // for this target's model
  request_fault,     // 400, 422: the same everywhere
  not_admitted,      // the target's queue refused it, or all its accounts are out
  queued_out,        // left the target's queue at admit_by
  broken,            // failed after the commit
};

enum class Billing : std::uint8_t { unsent, refused, possibly_billed };

struct AttemptOutcome {
  std::uint32_t target = 0;  // as in Try
  Finding finding = Finding::busy;
  Billing billing = Billing::refused;
  std::optional<base::Duration> retry_after{};
  bool other_account =
      false;  // account_fault: took out what was refused, and the target has another that is in
};

// Send an attempt to `target`, not before `not_before`.
struct Try {
  std::uint32_t target;  // index into RouteSpec::targets
  base::TimePoint not_before;
  base::TimePoint
      admit_by;      // the deadline, or earlier where another target may be quicker than this one's queue
  bool paid_repeat;  // a budget was drawn for it
};

// The next attempt may be paid twice: draw one repeat from the budget of the upstream of `target`, as
// RetryBudget::withdraw_by(now, latest) does, and tell Course::drawn() what came of it. Wherever the repeat
// goes, it is that upstream, whose attempt may have been billed already, whose failures would multiply the
// cost.
struct Draw {
  std::uint32_t target;
  base::TimePoint latest;
};

// The request ends without an answer.
struct GiveUp {
  enum class Why : std::uint8_t {
    ended,        // its own fault, broken after the commit, or blank twice
    no_target,    // every target is closed, or takes no more calls
    deadline,     // no attempt fits in the time left
    attempts,     // max_attempts are used up
    paid_repeats  // the next one might be paid twice, and this request or the upstream has no more of these
  };
  Why why;
  std::optional<std::size_t>
      cause;  // the observed outcome to tell, counted from 0; absent when there is none
};

using Step = std::variant<Try, Draw, GiveUp>;

class Course {
 public:
  // `order`: what order_targets() returned. `max_attempts`: the caller's own bound, 0 for none; the route's
  // applies as well. Reads `route` only here.
  Course(const route::RouteSpec& route, const std::vector<std::uint32_t>& order, std::uint32_t max_attempts,
         base::TimePoint deadline);

  // What comes next: once before the first attempt, and once after each observe() but that of an answer.
  Step next(base::TimePoint now, base::Random& chance);

  // What comes after a Draw: `allowed` is the instant from which the repeat may be sent, or nothing.
  Step drawn(std::optional<base::TimePoint> allowed);

  // What became of the attempt that next() asked for.
  void observe(const AttemptOutcome& outcome, base::TimePoint now);

  // The target to which the attempt that next() asked for could move if its first token is late; none when no
  // other would take it then, or the request may repeat nothing more that is paid. Whether the budget of
  // `target`'s upstream has one left is for the caller to ask.
  std::optional<std::uint32_t> elsewhere(std::uint32_t target) const;

  // Whether the attempt that next() asked for leaves room for another one that may be paid twice.
  bool may_repeat() const;

  // Attempts observed, those that never left the queue not counted.
  std::uint32_t attempts() const { return attempts_; }

 private:
  struct Leg {
    std::uint32_t target;
    std::optional<std::uint64_t> context{};
    bool closed = false;
    bool tried = false;                             // in this round
    bool unadmitted = false;                        // since the last attempt
    base::TimePoint floor{base::TimePoint::min()};  // Retry-After
  };

  bool usable(const Leg& leg) const { return !leg.closed && leg.floor < deadline_; }
  Leg& leg_of(std::uint32_t target);
  const Leg* another(std::uint32_t target, base::TimePoint by = base::kNever) const;
  Leg* first_untried(base::TimePoint at);
  void close_smaller_contexts(const Leg& than);
  void begin_round(base::TimePoint now, base::Random& chance);
  Step choose(base::TimePoint now, base::Random& chance);
  Try send(const Leg& leg, base::TimePoint at, bool paid_repeat);
  GiveUp give_up(GiveUp::Why why) const { return {why, first_cause_}; }

  std::vector<Leg> legs_;
  Backoff backoff_;
  base::Duration patience_;
  base::TimePoint deadline_;
  std::uint32_t max_attempts_;
  std::uint32_t max_paid_repeats_;

  std::uint32_t attempts_ = 0;
  std::uint32_t rounds_ = 0;  // begun after the first
  base::TimePoint round_start_{base::TimePoint::min()};
  base::TimePoint sent_at_{base::TimePoint::min()};  // not_before of the last Try
  std::uint32_t paid_repeats_ = 0;
  std::uint32_t blanks_ = 0;
  std::optional<std::uint32_t> owes_;  // whose attempt may have been billed, and its repeat is not drawn yet
  std::uint32_t drawing_for_ = 0;      // while a Draw is out: where the repeat would go, and when
  base::TimePoint drawing_at_{};
  std::size_t observed_ = 0;
  std::optional<std::size_t> first_cause_;
  std::optional<std::size_t> final_cause_;
};

}  // namespace dujiang::policy
