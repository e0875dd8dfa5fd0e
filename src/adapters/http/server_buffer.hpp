// Memory of the HTTP front: pooled read buffers that idle connections do without, and bodies that grow as
// they come.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace dujiang::adapters::http {

// simdjson reads up to this many bytes beyond the end of a document.
inline constexpr std::size_t kBodyPadding = 64;
inline constexpr std::size_t kBlockBytes = 16384;

// Blocks of kBlockBytes + kBodyPadding; keeps a few that nobody uses.
class BlockPool {
 public:
  using Block = std::unique_ptr<char[]>;
  Block take();
  void give_back(Block block);

 private:
  static constexpr std::size_t kKept = 16;
  std::vector<Block> free_;
};

// What was read of a connection and not yet used. Empty, it holds no memory after release().
class ReadBuffer {
 public:
  explicit ReadBuffer(BlockPool& pool) : pool_(pool) {}
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;
  ~ReadBuffer() { release(); }

  std::string_view view() const { return {block_.get(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Bytes that fit without moving what is there; kBodyPadding readable bytes follow even then.
  std::size_t capacity() const { return capacity_; }

  // Where to read to. Never empty; grows (and so may move everything) where the buffer is full.
  std::span<char> space();
  void commit(std::size_t bytes) { size_ += bytes; }

  // Drops bytes from the front and moves the rest there.
  void consume(std::size_t bytes);
  void append(std::string_view bytes);
  // Drops bytes from the front and gives the block back; the rest stands in memory of its own size.
  void settle(std::size_t bytes);
  void release();

 private:
  // Moves what begins at `from`.
  void move_to(std::size_t capacity, std::size_t from = 0);

  BlockPool& pool_;
  BlockPool::Block block_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

// What the bodies of all requests under way may take together. Shared by the fronts of all loops, and exact.
class BodyMemory {
 public:
  explicit BodyMemory(std::uint64_t limit) : limit_(limit) {}

  bool try_take(std::uint64_t bytes) {
    // Taken first and looked at afterwards, so that two loops never share the same room.
    const std::uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_.load(std::memory_order_relaxed)) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  bool has_room_for(std::uint64_t bytes) const {
    return used() + bytes <= limit_.load(std::memory_order_relaxed);
  }

  // What is held beyond a smaller limit stays held.
  void set_limit(std::uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> used_ = 0;
};

// A request body: at most twice as much memory as bytes that really came, and kBodyPadding after them.
class BodyBuffer {
 public:
  explicit BodyBuffer(BodyMemory& memory) : memory_(memory) {}
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;
  ~BodyBuffer() { release(); }

  // The whole length is known: space() ends there.
  void expect(std::size_t length) { expected_ = length; }

  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  // Where to read to; before the expected length is reached it is empty only where no memory is left.
  std::span<char> space();
  void commit(std::size_t bytes) { size_ += bytes; }
  // False where no memory is left.
  bool append(std::string_view bytes);
  void release();

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  bool reserve(std::size_t bytes);

  BodyMemory& memory_;
  std::unique_ptr<char, Free> data_;
  std::size_t expected_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace dujiang::adapters::http
