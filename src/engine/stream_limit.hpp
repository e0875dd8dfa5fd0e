// How many streamed answers are under way at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace dujiang::engine {

// May be shared by several loops, and is exact.
class StreamLimit {
 public:
  // Of one stream, given back when it dies.
  class Place {
   public:
    explicit Place(StreamLimit& limit) : limit_(&limit) {}
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limit_, other.limit_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    StreamLimit* limit_;
  };

  std::optional<Place> try_take(std::uint64_t most) {
    Place place(*this);
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= most) return std::nullopt;
    return place;
  }

 private:
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace dujiang::engine
