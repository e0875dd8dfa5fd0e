#include "engine/services.hpp"

#include <utility>

namespace dujiang::engine {
namespace {

// SDKs repeat within seconds (at most 8 s of backoff); two minutes cover a slow caller.
constexpr base::Duration kRemembered = std::chrono::minutes(2);
constexpr std::size_t kMaxEntries = 4096;

}  // namespace

void UntoldFailures::remember(const base::Sha256Digest& request, api::ApiError error, base::TimePoint now) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
  if (entries_.size() >= kMaxEntries) return;
  entries_.insert_or_assign(request, Entry{std::move(error), base::after(now, kRemembered)});
}

std::optional<api::ApiError> UntoldFailures::recall(const base::Sha256Digest& request, base::TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto it = entries_.find(request);
  if (it == entries_.end()) return std::nullopt;
  Entry entry = std::move(it->second);
  entries_.erase(it);
  if (entry.until <= now) return std::nullopt;
  return std::move(entry.error);
}

}  // namespace dujiang::engine
