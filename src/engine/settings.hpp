// Everything the engine is told by an operator, validated, immutable, shared by reference count.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "route/spec.hpp"

namespace dujiang::engine {

struct Settings {
  std::vector<route::UpstreamSpec> upstreams;
  std::vector<route::RouteSpec> routes;

  // Where a path that the gateway does not know is relayed as it is; absent: 404.
  std::optional<std::string> relay_unknown_paths_to;

  // An answer that is put together or checked whole is held up to this size; beyond it the attempt fails.
  std::uint64_t max_whole_answer_bytes = 64ull << 20;

  // Bytes of request bodies, over all requests under way. Beyond it a request is still served, but not
  // retried.
  std::uint64_t retry_memory_bytes = 512ull << 20;

  // Streamed answers under way; a request for one more is refused.
  std::uint64_t max_streams = 10000;
};

// The upstreams, each on its own: whoever holds one of them holds the settings.
std::vector<std::shared_ptr<const route::UpstreamSpec>> upstreams_of(
    const std::shared_ptr<const Settings>& settings);

}  // namespace dujiang::engine
