#include "api/usage.hpp"

#include <string_view>

namespace dujiang::api {
namespace {

std::optional<std::uint64_t> count(std::optional<JsonValue> object, std::string_view key) {
  if (!object) return std::nullopt;
  const auto value = object->find(key);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::optional<Usage> read_usage(JsonValue usage) {
  const auto hit = count(usage, "prompt_cache_hit_tokens");
  const auto miss = count(usage, "prompt_cache_miss_tokens");
  auto prompt = count(usage, "prompt_tokens");
  if (!prompt && hit && miss) prompt = *hit + *miss;
  const auto completion = count(usage, "completion_tokens");
  const auto total = count(usage, "total_tokens");
  if (!prompt && !completion && !total) return std::nullopt;
  Usage out;
  out.prompt_tokens = prompt.value_or(0);
  out.completion_tokens = completion.value_or(0);
  out.total_tokens = total.value_or(out.prompt_tokens + out.completion_tokens);
  const auto cached = count(usage.find("prompt_tokens_details"), "cached_tokens");
  out.cached_tokens = cached ? *cached : hit.value_or(0);
  out.reasoning_tokens = count(usage.find("completion_tokens_details"), "reasoning_tokens").value_or(0);
  return out;
}

}  // namespace dujiang::api
