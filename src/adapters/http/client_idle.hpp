// What waits to be used again: the newest first, each with its own end, no more than so many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/time.hpp"

namespace dujiang::adapters::http {

// Last in, first out, so that what is not needed grows old and goes.
template <class T>
class IdleStack {
 public:
  explicit IdleStack(std::size_t limit) : limit_(limit) {}

  // Where there is no room, the oldest goes.
  void put(T item, base::TimePoint now, base::TimePoint expires) {
    if (limit_ == 0) return;
    if (items_.size() == limit_) items_.pop_front();
    items_.push_back({std::move(item), now, expires});
  }

  // The newest that has not expired, if it was put there at `since` or later.
  std::optional<T> take(base::TimePoint now, base::TimePoint since = base::TimePoint::min()) {
    while (!items_.empty() && items_.back().put >= since) {
      Entry newest = std::move(items_.back());
      items_.pop_back();
      if (now < newest.expires) return std::move(newest.item);
    }
    return std::nullopt;
  }

  void drop_expired(base::TimePoint now) {
    std::erase_if(items_, [&](const Entry& entry) { return entry.expires <= now; });
  }

  // kNever when there is nothing.
  base::TimePoint next_expiry() const {
    base::TimePoint soonest = base::kNever;
    for (const Entry& entry : items_) soonest = std::min(soonest, entry.expires);
    return soonest;
  }

  // Moves everything over, the oldest first, each to keep its end; `adjust` sees every item on its way, and
  // may return an earlier one.
  template <class Adjust>
  void hand_over(IdleStack& to, Adjust adjust) {
    for (Entry& entry : std::exchange(items_, {})) {
      const base::TimePoint latest = adjust(entry.item);
      to.put(std::move(entry.item), entry.put, std::min(entry.expires, latest));
    }
  }

  std::size_t size() const { return items_.size(); }
  void clear() { items_.clear(); }

 private:
  struct Entry {
    T item;
    base::TimePoint put;
    base::TimePoint expires;
  };

  std::size_t limit_;
  std::deque<Entry> items_;
};

}  // namespace dujiang::adapters::http
