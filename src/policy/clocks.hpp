// The layered clocks of one attempt: which limit is running, and which has run out.
//
// One time-out per call can't tell a slow answer from a dead one. So there are layers: the head must come
// (first_byte); bytes must come, be it keep-alives (silence); the first semantic token must come
// (first_token); tokens must go on coming (gap); what may follow a finish must come soon (after_finish); and
// there is a deadline. Keep-alive comments, blank lines and growing whitespace are signs of life, never
// progress; reasoning is progress.
//
// silence and the token clocks exist only where the attempt streams: an unstreamed answer shows nothing
// before its end, however healthy (often not even its head), so only a long first_byte and the deadline apply
// to it. A late first token counts only where the request can go to another target; alone, an attempt that is
// queued but alive keeps its place until the deadline. (Connecting has its own limit in the HTTP client.)
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "route/spec.hpp"

namespace dujiang::policy {

enum class Clock : std::uint8_t { first_byte, silence, first_token, gap, after_finish, total };

class AttemptClocks {
 public:
  enum class Form : std::uint8_t { streamed, unstreamed };
  enum class Elsewhere : std::uint8_t { another_target, alone };

  // `start` is when the attempt began, `deadline` the request's.
  AttemptClocks(const route::Clocks& limits, Form form, Elsewhere elsewhere, base::TimePoint start,
                base::TimePoint deadline);

  void on_sent(base::TimePoint now);      // the request is written: first_byte and first_token run from here
  void on_head(base::TimePoint now);      // status and headers are here
  void on_bytes(base::TimePoint now);     // any byte of the body, signs of life included
  void on_progress(base::TimePoint now);  // a semantic token: reasoning, content or a tool call
  void on_finish(base::TimePoint now);    // a finish_reason was seen

  // For so long nothing was read, because the caller took nothing: not the upstream's silence.
  void on_paused(base::Duration span);

  // There is no other target to go to after all (it closed, or its budget is spent): a late first token is
  // borne.
  void stay() { elsewhere_ = Elsewhere::alone; }

  // The earliest instant at which a clock runs out; it moves with every event.
  base::TimePoint due() const { return earliest().at; }

  // The clock that ran out first, if one has by `now`.
  std::optional<Clock> expired(base::TimePoint now) const;

 private:
  struct Due {
    Clock clock;
    base::TimePoint at;
  };
  Due earliest() const;

  route::Clocks limits_;
  Form form_;
  Elsewhere elsewhere_;
  base::TimePoint deadline_;
  base::TimePoint sent_;
  base::TimePoint last_byte_;
  base::TimePoint last_progress_;
  base::TimePoint finished_;
  enum class Phase : std::uint8_t {
    awaiting_head,
    awaiting_token,
    generating,
    finished
  } phase_ = Phase::awaiting_head;
};

}  // namespace dujiang::policy
