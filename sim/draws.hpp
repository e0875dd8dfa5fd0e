// Chance without a generator: every draw is a hash of what it is for, so that the same seed brings the same
// weather to every program that is tested in it, in whatever order it asks.
#pragma once

#include <cstdint>
#include <string_view>

namespace dujiang::sim {

// FNV-1a with 64 bits: the hash of prompts in `/sim/log`.
constexpr std::uint64_t fnv1a64(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

// The finaliser of splitmix64: spreads every bit of `value` over all 64.
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// 64 bits to a number in [0, 1).
constexpr double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

// Which attempt: the k-th (from 0) that arrived in one slot of scenario time.
struct AttemptId {
  std::uint64_t slot = 0;
  std::uint64_t k = 0;
};

// The length of such a slot, in seconds of scenario time.
inline constexpr double kDrawSlotSeconds = 0.05;

// What a draw decides; two purposes never share a draw.
enum class Purpose : std::uint8_t { fault, first_token, queue, after, every, hold, stall, reset };

class Draws {
 public:
  explicit constexpr Draws(std::uint64_t seed) : seed_(seed) {}

  // Uniform in [0, 1). `step` tells draws of one purpose and attempt apart.
  constexpr double uniform(AttemptId id, Purpose purpose, std::uint64_t step = 0) const {
    std::uint64_t hash = mix(seed_);
    for (const std::uint64_t part : {id.slot, id.k, static_cast<std::uint64_t>(purpose), step}) {
      hash = mix(hash ^ part);
    }
    return to_unit(hash);
  }

 private:
  std::uint64_t seed_;
};

}  // namespace dujiang::sim
