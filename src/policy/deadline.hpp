// Until when a call must be answered, and for how long its caller bears silence.
//
// SDKs give up on their own (600 s by default) and tell us when: openai-python sends
// `x-stainless-read-timeout`, openai-node `x-stainless-timeout`, both in seconds. A whole answer must be
// there before that; our final error must be too, or else the SDK reports a time-out and repeats the call.
// For a stream the SDK's value bounds the silence between two reads, not the whole. `x-dujiang-deadline-ms`
// is the caller's own word and bounds both. A mistake in our own header is told; the SDK's are written by a
// library, so what we can't read is passed over.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "route/spec.hpp"

namespace dujiang::policy {

// Values as they came in the headers; absent headers are absent.
struct DeadlineHeaders {
  std::optional<std::string_view> dujiang_deadline_ms{};
  std::optional<std::string_view> stainless_read_timeout{};
  std::optional<std::string_view> stainless_timeout{};
};

struct Deadline {
  base::TimePoint until{};                  // the answer or the final error has gone out by then
  std::optional<base::Duration> silence{};  // streams: the caller hangs up after so long without a byte
};

// The error's message is for the caller (status 400, param "x-dujiang-deadline-ms").
// `until` is 0.5 s before the least of the bounds, or half of it where the bound is under 1 s.
base::Result<Deadline> deadline_of(const DeadlineHeaders& headers, const route::Clocks& clocks, bool stream,
                                   base::TimePoint received);

}  // namespace dujiang::policy
