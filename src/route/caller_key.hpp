// Whom an operator lets in: named keys of the gateway's own, and what the caller who holds one may do.
//
// A key reads dj_<id>_<secret>. The id finds its entry; what is kept of the rest is a salted hash. The secret
// has 160 bits of chance, so that nobody finds it by trying, however quick the hash: one SHA-256 is enough,
// and cheap enough for every request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "route/spec.hpp"

namespace dujiang::route {

struct SaltedHash {
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> digest{};  // SHA-256 of the salt and, after it, the key as it is sent

  bool operator==(const SaltedHash&) const = default;
};

// "sha256:<salt>:<digest>", both in hexadecimal.
std::string to_text(const SaltedHash& hash);
std::optional<SaltedHash> parse_salted_hash(std::string_view text);

inline constexpr std::string_view kKeyAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
inline constexpr std::size_t kKeyIdLength = 8;
inline constexpr std::size_t kKeySecretLength = 32;  // 5 bits each

bool is_key_id(std::string_view text);

// The id of what has the form of a key of ours; nothing for any other text.
std::optional<std::string_view> key_id(std::string_view key);

// How many calls a second; what overflows waits for its turn.
struct CallerRateSpec {
  RateLimitSpec limit{};
  std::optional<milliseconds> max_wait{};  // for that turn; absent: to the request's deadline
};

struct CallerKeySpec {
  std::string name{};  // in logs and metrics; two keys share it while one takes over from the other
  std::string id{};    // state is kept by it
  SaltedHash hash{};
  std::vector<std::string> routes{};          // names; none: all of them
  std::optional<std::string> caller_class{};  // instead of the route's
  std::optional<CallerRateSpec> rate_limit{};
  std::optional<milliseconds> deadline{};   // at most so long from a request to its end
  std::optional<std::uint64_t> max_body{};  // at most so many bytes
  bool balance = false;                     // may read the balance of the operator's account
  bool metrics = false;                     // may read the metrics
};

}  // namespace dujiang::route
