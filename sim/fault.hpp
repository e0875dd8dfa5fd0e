// The fault catalogue, and the directive that asks for one of its rows: `19; times=2; after=10; variant=eof`.
//
// Times are seconds of scenario time, and may be ranges: `after=30..365` draws one for each attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dujiang::sim {

enum class Fault : std::uint8_t {
  none = 0,
  // The rows of the catalogue, by their numbers.
  queued = 1,
  queued_stream = 2,
  queue_expiry = 3,
  legacy_expiry = 4,
  blank = 5,
  empty = 6,
  busy = 7,
  balance_limit = 8,
  published_limit = 9,
  tpm_limit = 10,
  no_balance = 11,
  bad_key = 12,
  bad_request = 13,
  internal_error = 14,
  bad_gateway = 15,
  refused = 16,
  late_head = 17,
  reset_after_head = 18,
  reset_midway = 19,
  end_without_done = 20,
  silent_stall = 21,
  stall_then_close = 22,
  keep_alives_forever = 23,
  out_of_resources = 24,
  empty_success = 25,
  error_in_stream = 26,
  odd_chunks = 27,
  framing = 28,
  slow_drip = 29,
  other_host = 30,
  // Beyond the catalogue: what else a gateway has to survive.
  garbage,
  endless_head,
  endless_line,
  truncated,
  gzip,
  huge,
  malformed_event,
  no_done,
  double_done,
  whitespace,
};

struct Range {
  double low = 0;
  double high = 0;
  double at(double draw) const { return low + (high - low) * draw; }
  bool operator==(const Range&) const = default;
};

struct FaultInfo {
  Fault fault = Fault::none;
  std::string_view id{};        // "5", or a word for those beyond the catalogue
  std::string_view sentence{};  // what a caller sees
  std::string_view params{};    // what may stand in a directive beside `times`, separated by spaces
  std::string_view variants{};  // separated by spaces; the first is the default
  std::string_view after_is{};  // what `after` counts: "seconds" or "deltas"
  Range after{};                // defaults
  Range every{};                // {0, 0}: the scenario's keep-alive interval
  Range hold{};
};

std::span<const FaultInfo> fault_catalogue();
const FaultInfo& info(Fault fault);

// One row as asked for, with its defaults filled in.
struct Directive {
  Fault fault = Fault::none;
  std::optional<unsigned> times;  // only the first so many attempts with one prompt
  Range after;
  Range every;
  Range hold;                         // `for=`
  std::string_view variant;           // one of the row's
  std::optional<double> retry_after;  // seconds, sent as they are
  std::optional<unsigned> limit;      // the concurrency limit that rows 8 and 9 name

  bool is(std::string_view wanted) const { return variant == wanted; }
};

base::Result<Directive> parse_directive(std::string_view text);

// Every `[[sim-fault …]]` of a prompt, in order.
base::Result<std::vector<Directive>> directives_in(std::string_view prompt);

}  // namespace dujiang::sim
