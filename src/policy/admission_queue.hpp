// The one place where calls to an upstream wait: for their turn, for the token bucket, for a slot, for a
// backoff.
//
// First attempts, blocked retries and backoffs are entries of the same queue, so that one order rules them
// all and nothing sleeps on its own. There is one queue per upstream. Each of its pools (a model) has an
// order of its own and is passed by while it has no free slot; the token bucket and the bound on waiting
// entries are common to all.
//
// The order is by class, then by the arrival of the request; a retry keeps its request's arrival and so its
// place. It is written once, in ComesFirst.
//
// An entry is refused at once or not at all: when the queue is full, or when it could not be admitted by its
// deadline even if every call ahead of it that is sure to go first did nothing but pass the token bucket.
// That bound is certain, so nothing is refused that might have been served; what fails anyway leaves by
// expire().
//
// All calls are O(log n) in the entries, O(n) in the pools that have entries and in those that expire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "policy/token_bucket.hpp"

namespace dujiang::policy {

struct QueueEntry {
  std::uint64_t id = 0;          // unique among those waiting
  std::string pool{};            // the model at the upstream
  std::uint32_t class_rank = 0;  // 0 goes first
  base::TimePoint arrived{};     // of the request, the same for all its attempts
  base::TimePoint deadline{};    // admitted before it, or not at all
  base::TimePoint not_before{};  // end of a backoff; in the past for none
  double cost = 1;               // of the token bucket
};

struct QueueRefusal {
  enum class Reason : std::uint8_t {
    full,          // as many wait as may
    rate_limited,  // the token bucket can't let it through in time
    too_late,      // not_before or now is past its deadline
  };
  Reason reason;
  base::Duration retry_after;  // when to come again, in whole seconds from 1 to 60
};

class AdmissionQueue {
 public:
  using CanStart = std::function<bool(std::string_view pool)>;

  AdmissionQueue(std::size_t limit, std::optional<TokenBucket> bucket);

  // REQUIRES: no entry of that id is waiting.
  std::expected<void, QueueRefusal> offer(QueueEntry entry, base::TimePoint now);

  // Lets a call through that would be the only one and need not wait, paying its cost: offer() and next() in
  // one step, and nothing is kept of it. False: it has to be offered.
  bool pass(const QueueEntry& entry, base::TimePoint now, const CanStart& can_start);

  // Removes and returns the entry to admit now, paying its cost; nothing when none may go. `can_start` tells
  // whether a pool has a free slot. Ask again until it returns nothing.
  std::optional<std::uint64_t> next(base::TimePoint now, const CanStart& can_start);

  // The next instant at which next() or expire() may have something to do, after both had nothing at `now`,
  // if no slot is freed before.
  base::TimePoint next_wake(base::TimePoint now) const;

  // Forgets an entry whose caller is gone. False when it is not waiting.
  bool remove(std::uint64_t id);

  // Removes and returns the entries whose deadline has come, the earliest first.
  std::vector<std::uint64_t> expire(base::TimePoint now);

  // Removes and returns all entries of a pool, in order: nothing can serve it any more.
  std::vector<std::uint64_t> clear(std::string_view pool);

  // Goes on with other limits: every entry keeps its place, those beyond a smaller limit too, and the new
  // bucket begins at the old one's level.
  void adopt(std::size_t limit, std::optional<TokenBucket> bucket, base::TimePoint now);

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    QueueEntry entry{};
    std::uint64_t order = 0;  // of offers: breaks ties
    bool ready = false;       // not_before has come: it stands in its pool's order
  };
  // The order of admission.
  struct ComesFirst {
    bool operator()(const Waiting* a, const Waiting* b) const;
  };
  // The entries of one class in one pool that are ready.
  struct ClassSum {
    double cost = 0;
    std::size_t entries = 0;
    base::TimePoint newest{base::TimePoint::min()};  // the latest arrival among them, or later
  };
  struct Pool {
    std::set<const Waiting*, ComesFirst> ready;
    std::map<std::uint32_t, ClassSum> classes;
  };
  using At = std::pair<base::TimePoint, std::uint64_t>;

  void wake_due(base::TimePoint now);
  void make_ready(Waiting& waiting);
  void erase(std::uint64_t id);
  double sure_to_go_first(const QueueEntry& entry) const;
  base::TimePoint earliest_admission(const QueueEntry& entry, base::TimePoint now) const;

  std::size_t limit_;
  std::optional<TokenBucket> bucket_;
  std::uint64_t offers_ = 0;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::map<std::string, Pool, std::less<>> pools_;  // only those with ready entries
  std::set<At> paced_;                              // (not_before, id) of those that are not ready
  std::set<At> deadlines_;                          // (deadline, id) of all
};

}  // namespace dujiang::policy
