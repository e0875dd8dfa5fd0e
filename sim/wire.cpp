#include "sim/wire.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace dujiang::sim {
namespace {

// Beyond it nothing more is read while an answer is under way, and a hang-up is seen by the next write only.
constexpr std::size_t kMostPipelined = std::size_t{64} * 1024;

// How often a write that the caller does not take looks for his hang-up.
constexpr base::Duration kBlockedSlice = std::chrono::milliseconds(500);

}  // namespace

bool Wire::try_read() {
  std::array<char, 16'384> bytes;
  const auto got = conn_.read(bytes);
  if (got.status == adapters::net::IoStatus::would_block) return false;
  if (got.status == adapters::net::IoStatus::ok) {
    incoming_.append(bytes.data(), got.bytes);
  } else {
    gone_ = true;
  }
  return !gone_;
}

void Wire::poll() {
  while (incoming_.size() < kMostPipelined && try_read()) continue;
}

runtime::Task<bool> Wire::read_more() {
  while (!gone_ && !try_read()) {
    if (!gone_) co_await conn_.readable().wait(base::kNever);
  }
  co_return !gone_;
}

runtime::Task<bool> Wire::write(std::string bytes) {
  std::string_view left = bytes;
  while (!left.empty() && !gone_) {
    const auto sent = conn_.write(left);
    if (sent.status == adapters::net::IoStatus::ok) {
      left.remove_prefix(sent.bytes);
    } else if (sent.status == adapters::net::IoStatus::would_block) {
      co_await conn_.writable().wait(base::after(loop_.now(), kBlockedSlice));
      poll();
    } else {
      gone_ = true;
    }
  }
  co_return !gone_;
}

runtime::Task<bool> Wire::write_bytewise(std::string bytes) {
  for (const char c : bytes) {
    if (!co_await write(std::string(1, c))) co_return false;
    co_await runtime::sleep_until(loop_, loop_.now());
  }
  co_return true;
}

runtime::Task<bool> Wire::wait(base::TimePoint until) {
  for (;;) {
    poll();
    if (gone_) co_return false;
    if (incoming_.size() >= kMostPipelined) {
      co_await runtime::sleep_until(loop_, until);
      co_return true;
    }
    if (co_await conn_.readable().wait(until) == runtime::Wake::timeout && loop_.now() >= until) {
      co_return true;
    }
  }
}

void Wire::reset() {
  conn_.reset();
  gone_ = true;
}

}  // namespace dujiang::sim
