// The course of one request over the targets of its route: where the next attempt goes, when, and when it
// ends.
//
// Refusals that cost nothing (429, 5xx, no connection) are repeated for as long as there is time: at the next
// target at once, and when all open targets have been tried, from the first again after a backoff. Attempts
// that may have been billed are repeated twice per request at most, and only if the upstream's budget has one
// left. A target is closed to the request for good when it judged the request (401, 402, 403, 404), when it
// was late or timed out while another is open, or when its queue can't serve in time. "Too long" leaves only
// larger contexts. What is the request's own fault ends it, and so does a failure after the commit. An empty
// answer is repeated once.
//
// When the course ends without an answer, the first failure is the cause that the caller sees, unless the
// last one is the request's own fault or came after the commit.
//
// A backoff is kept within half of the time left (but not under the first wait): a request that has time
// should not spend it asleep, and refusals are free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
  not_admitted,      // not sent: queue full or too slow, all accounts out
  broken,            // failed after the commit
};

enum class Billing : std::uint8_t { unsent, refused, possibly_billed };

struct AttemptOutcome {
  std::uint32_t target = 0;  // as in Try
  Finding finding = Finding::busy;
  Billing billing = Billing::refused;
  std::optional<base::Duration> retry_after{};
  bool other_account = false;  // with account_fault: this target has another account or key that is in
};

// Send an attempt to `target`, not before `not_before`.
struct Try {
  std::uint32_t target;  // index into RouteSpec::targets
  base::TimePoint not_before;
  base::TimePoint
      admit_by;      // leave the queue then as not_admitted: another target may be quicker; or the deadline
  bool paid_repeat;  // a budget was drawn for it
};

// The request ends without an answer.
struct GiveUp {
  enum class Why : std::uint8_t {
    request,      // its own fault, or it broke after the commit
    no_target,    // every target is closed
    deadline,     // no attempt fits in the time left
    attempts,     // max_attempts are used up
    paid_repeats  // the next one might be paid twice: no more of these for this request, or for the upstream
                  // now
  };
  Why why;
  std::size_t cause;  // which observed outcome to tell the caller, counted from 0 in the order of observe()
};

using Step = std::variant<Try, GiveUp>;

class Course {
 public:
  // Draws one possibly paid repeat from the budget of a target's upstream: RetryBudget::withdraw_by(now,
  // latest).
  using Spend = std::function<std::optional<base::TimePoint>(std::uint32_t target, base::TimePoint latest)>;

  // `order`: what order_targets() returned, not empty. `max_attempts`: the caller's own bound, 0 for none;
  // the route's applies as well. Reads `route` only here.
  Course(const route::RouteSpec& route, const std::vector<std::uint32_t>& order, std::uint32_t max_attempts,
         base::TimePoint deadline);

  // What comes next: before the first attempt, and after each observe() but that of an answer.
  Step next(base::TimePoint now, base::Random& chance, const Spend& spend);

  // What became of the attempt that next() asked for.
  void observe(const AttemptOutcome& outcome, base::TimePoint now);

  // Whether an attempt at `target` that is late could be given up for another target: one is open, and the
  // request may still repeat what is possibly billed. Ask the other upstream's budget too: its index is
  // returned.
  std::optional<std::uint32_t> elsewhere(std::uint32_t target) const;

  std::uint32_t attempts() const { return attempts_; }

 private:
  struct Leg {
    std::uint32_t target;
    std::optional<std::uint64_t> context;
    bool closed = false;
    bool tried = false;                             // in this round
    base::TimePoint floor{base::TimePoint::min()};  // Retry-After
  };

  Leg& leg(std::uint32_t target);
  bool another_open(std::uint32_t target) const;
  void close_smaller_contexts(const Leg& than);
  const Leg* untried(base::TimePoint now) const;
  const Leg* open_by(base::TimePoint at) const;
  base::TimePoint next_round(base::TimePoint now, base::Random& chance) const;
  Step send(std::uint32_t target, base::TimePoint not_before, base::TimePoint now, const Spend& spend);
  GiveUp give_up(GiveUp::Why why) const;

  std::vector<Leg> legs_;
  Backoff backoff_;
  base::Duration patience_;
  base::TimePoint deadline_;
  std::uint32_t max_attempts_;
  std::uint32_t max_paid_repeats_;

  std::uint32_t attempts_ = 0;
  std::uint32_t rounds_ = 0;
  std::uint32_t paid_repeats_ = 0;
  std::uint32_t blanks_ = 0;
  bool owes_ = false;  // the last attempt may have been billed: the next is a paid repeat
  std::size_t observed_ = 0;
  std::optional<std::size_t> first_cause_;
  std::optional<std::size_t> final_cause_;
};

}  // namespace dujiang::policy
