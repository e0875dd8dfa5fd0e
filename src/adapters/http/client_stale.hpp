// Whether a request goes out again because the kept connection that it went out on turns out to be dead.
// Pure.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.hpp"
#include "ports/http_client.hpp"

namespace dujiang::adapters::http {

// A peer that had closed a kept connection says so within a round trip. One that breaks it later may have
// been working on the request, and whether to pay for it twice is not for the client to judge.
inline constexpr base::Duration kStaleWindow = std::chrono::seconds(1);

struct DeadConnection {
  ports::IoFailure failure{};
  bool was_kept = false;        // it had served another request before
  bool answered = false;        // a byte of an answer came
  std::size_t written = 0;      // bytes of the request
  base::Duration since_sent{};  // since the first of them
  bool may_repeat_sent = true;  // ClientRequest::repeat_on_stale
};

// A request of which nothing was written may always go out again.
constexpr bool is_stale(const DeadConnection& dead) {
  const bool ended = dead.failure == ports::IoFailure::closed || dead.failure == ports::IoFailure::reset;
  if (!ended || !dead.was_kept || dead.answered) return false;
  return dead.written == 0 || (dead.may_repeat_sent && dead.since_sent <= kStaleWindow);
}

}  // namespace dujiang::adapters::http
