#include "engine/turn.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace dujiang::engine {
namespace {

constexpr base::Duration kShortestWait = std::chrono::seconds(1);

// The quota is that of the least whole number of seconds in which the burst comes back.
http::Headers standing(const route::RateLimitSpec& rate, const policy::SharedBucket& bucket,
                       base::TimePoint now) {
  const double window = std::max(1.0, std::ceil(std::max(rate.burst, 1.0) / rate.per_second));
  const auto quota = static_cast<std::uint64_t>(std::floor(window * rate.per_second));
  const auto left = bucket.standing(rate, now);
  const auto reset = std::chrono::ceil<std::chrono::seconds>(left.until_full).count();
  return {{"RateLimit-Policy", "\"calls\";q=" + std::to_string(quota) +
                                   ";w=" + std::to_string(static_cast<std::uint64_t>(window))},
          {"RateLimit", "\"calls\";r=" + std::to_string(left.remaining) + ";t=" + std::to_string(reset)}};
}

api::ApiError too_many(const route::CallerKeySpec& key, base::Duration wait) {
  api::ApiError error;
  error.status = 429;
  error.type = "rate_limit_error";
  error.code = "rate_limited";
  error.message = "The key `" + key.name +
                  "` has no turn left for this request in time. Send fewer requests a second, or come again "
                  "after Retry-After.";
  error.should_retry = true;
  error.retry_after = std::max(wait, kShortestWait);
  return error;
}

}  // namespace

std::expected<Turn, NoTurn> book_turn(const policy::CallerKey* key, base::TimePoint now,
                                      base::TimePoint deadline) {
  if (key == nullptr || !key->spec.rate_limit) return Turn{.not_before = now};
  const route::CallerRateSpec& rate = *key->spec.rate_limit;
  base::TimePoint latest = deadline;
  // A turn at the very end of the longest wait still counts.
  if (rate.max_wait) latest = std::min(latest, base::after(now, *rate.max_wait + base::Duration{1}));
  const auto booked = key->bucket->book(rate.limit, now, latest);
  http::Headers fields = standing(rate.limit, *key->bucket, now);
  if (!booked) return std::unexpected(NoTurn{too_many(key->spec, booked.error()), std::move(fields)});
  return Turn{.not_before = *booked, .standing = std::move(fields)};
}

}  // namespace dujiang::engine
