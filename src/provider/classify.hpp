// What an attempt's end means: for the request, for the account, and for money (rules 2, 3, 4, 6, 7).
//
// A pure function; what to do next is for policies.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/error.hpp"
#include "base/time.hpp"
#include "provider/attempt_record.hpp"
#include "provider/code.hpp"
#include "provider/dialect.hpp"

namespace dujiang::provider {

enum class Verdict : std::uint8_t {
  success,
  blank,          // an empty `stop`: repeat once at most, then it is the answer
  retryable,      // failed before anything was committed
  resumable,      // failed after it
  fatal_request,  // this request cannot succeed on this target
  fatal_account,  // this account cannot serve it; account_out says for how long
};
std::string_view to_string(Verdict verdict);

// Rule 4.
enum class Billing : std::uint8_t { unsent, refused, possibly_billed, delivered };
std::string_view to_string(Billing billing);

enum class AccountOut : std::uint8_t {
  no,
  transient,  // give it a pause: its limit is reached
  long_time,  // no key or no money: someone must act
};

struct Classification {
  Verdict verdict = Verdict::success;
  Billing billing = Billing::delivered;
  Code code = Code::ok;
  api::ApiError error;  // for the caller, should this be the last word; meaningless on success
  std::optional<base::Duration> retry_after;   // what the upstream asked for
  std::optional<std::uint32_t> learned_limit;  // "concurrency limit of N"
  AccountOut account_out = AccountOut::no;
  bool larger_context = false;  // worth one try on a target with a larger context
};

Classification classify(const Dialect& dialect, const AttemptRecord& record);

// Reads retry-after-ms and Retry-After (seconds or an HTTP date, relative to `now`). Nothing for garbage.
std::optional<base::Duration> read_retry_after(const http::Headers& headers, base::WallTime now);

}  // namespace dujiang::provider
