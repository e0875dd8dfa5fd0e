// What every exchange needs of the world, handed down by reference.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "api/error.hpp"
#include "base/sha256.hpp"
#include "base/time.hpp"
#include "engine/stream_limit.hpp"
#include "ports/access_log.hpp"
#include "ports/http_client.hpp"
#include "ports/metrics.hpp"
#include "runtime/loop.hpp"

namespace dujiang::engine {

// Failures that a caller could not be told, since its 200 had gone out early: its SDK's own repeat of the
// same request is answered with them (rule 8). Shared by all loops, since the repeat may come over another
// connection; locked, since hardly anyone comes here.
class UntoldFailures {
 public:
  // `request`: a digest that nobody can find another request for, or one caller could be told of another's.
  void remember(const base::Sha256Digest& request, api::ApiError error, base::TimePoint now);

  // The failure of that request, once.
  std::optional<api::ApiError> recall(const base::Sha256Digest& request, base::TimePoint now);

 private:
  struct Entry {
    api::ApiError error;
    base::TimePoint until;
  };
  std::mutex mutex_;
  std::map<base::Sha256Digest, Entry> entries_;
};

// Bytes held so that requests can be sent again. What exceeds the limit is served, but not retried. Shared by
// all loops, and exact.
class RetryMemory {
 public:
  explicit RetryMemory(std::uint64_t limit) : limit_(limit) {}

  class Lease {
   public:
    Lease() = default;
    Lease(RetryMemory& memory, std::uint64_t bytes) : memory_(&memory), bytes_(bytes) {}
    Lease(Lease&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(memory_, other.memory_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Lease() {
      if (memory_ != nullptr) memory_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
    }

   private:
    RetryMemory* memory_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  // What is held beyond a smaller limit stays held.
  void set_limit(std::uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }

  std::optional<Lease> try_hold(std::uint64_t bytes) {
    // Taken first and looked at afterwards, so that two loops never share the same room.
    const std::uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_.load(std::memory_order_relaxed)) return Lease(*this, bytes);
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> used_ = 0;
};

// What all loops of a gateway share, besides the upstreams.
struct Commons {
  explicit Commons(std::uint64_t retry_memory_bytes) : memory(retry_memory_bytes) {}

  UntoldFailures untold;
  RetryMemory memory;
  StreamLimit streams;
};

struct Services {
  runtime::Loop& loop;
  ports::HttpClient& client;
  ports::Metrics& metrics;
  ports::AccessLog& log;
  Commons& commons;
};

}  // namespace dujiang::engine
