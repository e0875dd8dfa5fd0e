// What is known of one attempt when it has ended: the facts that classify() judges.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/operation.hpp"
#include "api/stream_event.hpp"
#include "api/whole_answer.hpp"
#include "base/time.hpp"
#include "http/headers.hpp"

namespace dujiang::provider {

// How the exchange ended.
enum class Ended : std::uint8_t {
  complete,   // the message came whole, or the stream said [DONE]
  failure,    // the way broke: see `failure`
  clock,      // the gateway gave it up: see `clock`
  too_large,  // the gateway would not hold so much
  cancelled,  // the caller went away, or another attempt won
};

enum class Failure : std::uint8_t {
  no_endpoint,
  dns,
  connect,
  connect_timeout,
  local,  // nothing left here to connect with
  tls,
  reset,
  closed,
  protocol
};

enum class Clock : std::uint8_t { first_byte, first_token, silence, gap, total, after_finish };

// How much of the request went out.
enum class Sent : std::uint8_t { nothing, some, everything };

// What a streamed attempt has brought so far.
class StreamFacts {
 public:
  // Takes note of an event, in the dialect's normal form.
  void observe(const api::StreamEvent& event);

  bool any_event = false;        // a well-formed event of any kind
  bool keep_alive = false;       // a comment or a blank line came
  bool reasoning = false;        // reasoning text came
  bool content = false;          // content, a tool call or a refusal came
  bool malformed_event = false;  // set by who decodes
  bool done = false;             // [DONE] came; set by who decodes
  std::string error;             // the JSON of an in-band error object
  std::string finish_reason;     // the first choice's, or the one that is a failure
  std::optional<api::Usage> usage;

  // Each choice that was seen has a final finish_reason; at least one was seen.
  bool all_seen_finished() const;

  // As many choices as were asked for are finished: what may still follow is usage and [DONE].
  bool finished(std::uint32_t choices_asked) const;

  // A choice ended with a reason that is a failure or that nobody knows.
  bool failed_finish() const { return failed_finish_; }

 private:
  std::bitset<api::kMaxChoiceIndex + 1> seen_;
  std::bitset<api::kMaxChoiceIndex + 1> finished_;
  bool failed_finish_ = false;
};

struct AttemptRecord {
  api::Operation operation = api::Operation::chat;
  bool streamed = false;      // the attempt's own form, by what the body turned out to be
  std::uint32_t choices = 1;  // n
  bool one_token = false;     // the request asked for one token: an empty answer may be right
  bool committed = false;     // content has gone to the caller (rule 3)

  Ended ended = Ended::complete;
  Failure failure{};  // of Ended::failure
  Clock clock{};      // of Ended::clock
  Sent sent = Sent::everything;
  base::Duration elapsed{};  // from sending to the end
  base::WallTime now{};      // civil time at the end, to read an HTTP date in Retry-After

  int status = 0;                           // 0: no head came
  const http::Headers* headers = nullptr;   // null: no head came
  std::string_view body;                    // unstreamed and 2xx: the whole; otherwise a bounded beginning
  const api::WholeAnswer* whole = nullptr;  // the check of `body` if it was made; else classify() makes it
  StreamFacts stream;                       // of a streamed attempt
};

}  // namespace dujiang::provider
