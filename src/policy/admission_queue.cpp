#include "policy/admission_queue.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace dujiang::policy {

namespace {

// Whole seconds from 1 to 60: an SDK that is told more gives up.
base::Duration retry_after(base::Duration wait) {
  using std::chrono::seconds;
  return std::clamp(std::chrono::ceil<seconds>(wait), seconds(1), seconds(60));
}

}  // namespace

bool AdmissionQueue::ComesFirst::operator()(const Waiting* a, const Waiting* b) const {
  const auto key = [](const Waiting& w) { return std::tuple(w.entry.class_rank, w.entry.arrived, w.order); };
  return key(*a) < key(*b);
}

AdmissionQueue::AdmissionQueue(std::size_t limit, std::optional<TokenBucket> bucket)
    : limit_(limit), bucket_(bucket) {}

std::expected<void, QueueRefusal> AdmissionQueue::offer(QueueEntry entry, base::TimePoint now) {
  using Reason = QueueRefusal::Reason;
  wake_due(now);
  const base::TimePoint start = std::max(now, entry.not_before);
  const base::TimePoint through = earliest_admission(entry, now);
  if (start >= entry.deadline)
    return std::unexpected(QueueRefusal{Reason::too_late, retry_after(start - now)});
  if (waiting_.size() >= limit_)
    return std::unexpected(QueueRefusal{Reason::full, retry_after(through - now)});
  if (through >= entry.deadline) {
    // An equal call would be in time if it came when the wait has shrunk to what this one could bear.
    return std::unexpected(QueueRefusal{Reason::rate_limited, retry_after(through - entry.deadline)});
  }

  const std::uint64_t id = entry.id;
  assert(!waiting_.contains(id));
  Waiting& waiting = waiting_[id] = {.entry = std::move(entry), .order = offers_++, .ready = false};
  deadlines_.emplace(waiting.entry.deadline, id);
  if (waiting.entry.not_before > now) {
    paced_.emplace(waiting.entry.not_before, id);
  } else {
    make_ready(waiting);
  }
  return {};
}

bool AdmissionQueue::pass(const QueueEntry& entry, base::TimePoint now, const CanStart& can_start) {
  if (!waiting_.empty() || limit_ == 0) return false;
  if (entry.not_before > now || entry.deadline <= now || !can_start(entry.pool)) return false;
  return !bucket_ || bucket_->take(now, entry.cost);
}

std::optional<std::uint64_t> AdmissionQueue::next(base::TimePoint now, const CanStart& can_start) {
  wake_due(now);
  const Waiting* best = nullptr;
  for (const auto& [name, pool] : pools_) {
    const auto in_time = [now](const Waiting* w) { return w->entry.deadline > now; };
    const auto head = std::ranges::find_if(pool.ready, in_time);
    if (head == pool.ready.end()) continue;
    if ((best == nullptr || ComesFirst{}(*head, best)) && can_start(name)) best = *head;
  }
  if (best == nullptr) return std::nullopt;
  // A dear entry at the head is not overtaken by a cheap one: it might never go.
  if (bucket_ && !bucket_->take(now, best->entry.cost)) return std::nullopt;
  const std::uint64_t id = best->entry.id;
  erase(id);
  return id;
}

base::TimePoint AdmissionQueue::next_wake(base::TimePoint now) const {
  base::TimePoint wake = base::kNever;
  if (!paced_.empty()) wake = std::min(wake, paced_.begin()->first);
  if (!deadlines_.empty()) wake = std::min(wake, deadlines_.begin()->first);
  if (!bucket_) return wake;
  for (const auto& [name, pool] : pools_) {
    const base::TimePoint allowed = bucket_->next_allowed(now, (*pool.ready.begin())->entry.cost);
    // Allowed and yet not admitted: it waits for a slot, and whoever frees one wakes us.
    if (allowed > now) wake = std::min(wake, allowed);
  }
  return wake;
}

bool AdmissionQueue::remove(std::uint64_t id) {
  if (!waiting_.contains(id)) return false;
  erase(id);
  return true;
}

std::vector<std::uint64_t> AdmissionQueue::expire(base::TimePoint now) {
  std::vector<std::uint64_t> ids;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    ids.push_back(deadlines_.begin()->second);
    erase(ids.back());
  }
  return ids;
}

std::vector<std::uint64_t> AdmissionQueue::clear(std::string_view pool) {
  std::vector<const Waiting*> all;
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.entry.pool == pool) all.push_back(&waiting);
  }
  std::ranges::sort(all, ComesFirst{});
  std::vector<std::uint64_t> ids;
  ids.reserve(all.size());
  for (const Waiting* waiting : all) ids.push_back(waiting->entry.id);
  for (const std::uint64_t id : ids) erase(id);
  return ids;
}

void AdmissionQueue::adopt(std::size_t limit, std::optional<TokenBucket> bucket, base::TimePoint now) {
  limit_ = limit;
  if (bucket && bucket_) bucket->inherit(*bucket_, now);
  bucket_ = bucket;
}

void AdmissionQueue::wake_due(base::TimePoint now) {
  while (!paced_.empty() && paced_.begin()->first <= now) {
    make_ready(waiting_.at(paced_.begin()->second));
    paced_.erase(paced_.begin());
  }
}

void AdmissionQueue::make_ready(Waiting& waiting) {
  waiting.ready = true;
  Pool& pool = pools_[waiting.entry.pool];
  pool.ready.insert(&waiting);
  ClassSum& sum = pool.classes[waiting.entry.class_rank];
  sum.cost += waiting.entry.cost;
  sum.newest = std::max(sum.newest, waiting.entry.arrived);
  ++sum.entries;
}

void AdmissionQueue::erase(std::uint64_t id) {
  const auto it = waiting_.find(id);
  const Waiting& waiting = it->second;
  const QueueEntry& entry = waiting.entry;
  deadlines_.erase({entry.deadline, id});
  if (waiting.ready) {
    const auto pool = pools_.find(entry.pool);
    pool->second.ready.erase(&waiting);
    const auto sum = pool->second.classes.find(entry.class_rank);
    sum->second.cost -= entry.cost;
    if (--sum->second.entries == 0) pool->second.classes.erase(sum);
    if (pool->second.ready.empty()) pools_.erase(pool);
  } else {
    paced_.erase({entry.not_before, id});
  }
  waiting_.erase(it);
}

// Ready entries of its pool and a better class, and of its own class when it is the newest of them. An older
// one (a retry) stands somewhere among its class; where is not worth a walk.
double AdmissionQueue::sure_to_go_first(const QueueEntry& entry) const {
  const auto pool = pools_.find(entry.pool);
  if (pool == pools_.end()) return 0;
  double cost = 0;
  for (const auto& [rank, sum] : pool->second.classes) {
    if (rank < entry.class_rank || (rank == entry.class_rank && sum.newest <= entry.arrived))
      cost += sum.cost;
  }
  return cost;
}

base::TimePoint AdmissionQueue::earliest_admission(const QueueEntry& entry, base::TimePoint now) const {
  const base::TimePoint start = std::max(now, entry.not_before);
  if (!bucket_) return start;
  return std::max(start, bucket_->next_allowed(now, entry.cost, sure_to_go_first(entry)));
}

}  // namespace dujiang::policy
