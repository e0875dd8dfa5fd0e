#include "adapters/http/server_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace dujiang::adapters::http {

BlockPool::Block BlockPool::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<char[]>(kBlockBytes + kBodyPadding);
  Block block = std::move(free_.back());
  free_.pop_back();
  return block;
}

void BlockPool::give_back(Block block) {
  if (free_.size() < kKept) free_.push_back(std::move(block));
}

std::span<char> ReadBuffer::space() {
  if (!block_) {
    block_ = pool_.take();
    capacity_ = kBlockBytes;
  } else if (size_ == capacity_) {
    move_to(std::max(capacity_ * 2, kBlockBytes));
  }
  return {block_.get() + size_, capacity_ - size_};
}

void ReadBuffer::consume(std::size_t bytes) {
  size_ -= bytes;
  if (size_ > 0) std::memmove(block_.get(), block_.get() + bytes, size_);
}

void ReadBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> free = space();
    const std::size_t part = std::min(free.size(), bytes.size());
    std::memcpy(free.data(), bytes.data(), part);
    commit(part);
    bytes.remove_prefix(part);
  }
}

void ReadBuffer::settle(std::size_t bytes) {
  if (bytes == size_) return release();
  move_to(size_ - bytes, bytes);
}

void ReadBuffer::release() {
  if (block_ && capacity_ == kBlockBytes) pool_.give_back(std::move(block_));
  block_.reset();
  capacity_ = size_ = 0;
}

void ReadBuffer::move_to(std::size_t capacity, std::size_t from) {
  auto block = std::make_unique_for_overwrite<char[]>(capacity + kBodyPadding);
  size_ -= from;
  std::memcpy(block.get(), block_.get() + from, size_);
  if (capacity_ == kBlockBytes) pool_.give_back(std::move(block_));
  block_ = std::move(block);
  capacity_ = capacity;
}

std::span<char> BodyBuffer::space() {
  if (size_ == capacity_ && !reserve(std::max(kBlockBytes, size_ * 2))) return {};
  return {data_.get() + size_, capacity_ - size_};
}

bool BodyBuffer::append(std::string_view bytes) {
  const std::size_t needed = size_ + bytes.size();
  if (needed > capacity_ && !reserve(std::max(needed, capacity_ * 2))) return false;
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  commit(bytes.size());
  return true;
}

void BodyBuffer::release() {
  memory_.give_back(std::exchange(capacity_, 0));
  data_.reset();
  size_ = 0;
}

bool BodyBuffer::reserve(std::size_t bytes) {
  if (expected_ > 0) bytes = std::min(bytes, expected_);
  if (!memory_.try_take(bytes - capacity_)) return false;
  // Not value-initialised, and grown in place where the allocator can: bodies run into megabytes.
  auto* grown = static_cast<char*>(std::realloc(data_.get(), bytes + kBodyPadding));
  if (grown == nullptr) {
    memory_.give_back(bytes - capacity_);
    return false;
  }
  [[maybe_unused]] const char* moved = data_.release();
  data_.reset(grown);
  capacity_ = bytes;
  return true;
}

}  // namespace dujiang::adapters::http
