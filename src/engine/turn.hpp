// A call's turn by the rate of its caller's key, and what the caller is told of where it stands.
#pragma once

#include <expected>

#include "api/error.hpp"
#include "base/time.hpp"
#include "http/headers.hpp"
#include "policy/caller_key.hpp"

namespace dujiang::engine {

struct Turn {
  base::TimePoint not_before{};  // in the past: at once
  // `RateLimit-Policy` and `RateLimit`, for every answer: draft-ietf-httpapi-ratelimit-headers-10. Empty
  // where the key has no rate, or callers need none.
  http::Headers standing{};
};

// A call that got none, in an answer to its caller.
struct NoTurn {
  api::ApiError error;
  http::Headers standing;
};

// Books the next turn before `deadline`.
std::expected<Turn, NoTurn> book_turn(const policy::CallerKey* key, base::TimePoint now,
                                      base::TimePoint deadline);

}  // namespace dujiang::engine
