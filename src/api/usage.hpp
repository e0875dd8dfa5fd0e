// Token counts of an answer, read from any of the namings in use.
#pragma once

#include <cstdint>
#include <optional>

#include "api/json.hpp"

namespace dujiang::api {

struct Usage {
  std::uint64_t prompt_tokens = 0;      // all of them, cached ones included
  std::uint64_t completion_tokens = 0;  // reasoning included
  std::uint64_t total_tokens = 0;
  std::uint64_t cached_tokens = 0;     // prompt_tokens_details.cached_tokens or prompt_cache_hit_tokens
  std::uint64_t reasoning_tokens = 0;  // completion_tokens_details.reasoning_tokens

  friend bool operator==(const Usage&, const Usage&) = default;
};

// Reads a `usage` object; nothing where it is null, no object, or has no known count.
std::optional<Usage> read_usage(JsonValue usage);

}  // namespace dujiang::api
