// Bytes cut into pieces, and the property that what comes of them does not depend on the cuts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::fuzz {

// A property that does not hold.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void require(bool holds, const std::string& what) {
  if (!holds) throw Broken(what);
}

// A copy with nothing behind its last byte: AddressSanitizer sees the first one that is read beyond it.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

// The same for the same bytes, so that a finding can be shown again.
class Dice {
 public:
  explicit Dice(std::string_view seed) {
    for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::size_t below(std::size_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(state_ % bound);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

using Pieces = std::vector<std::string_view>;

// Pieces of at most `largest` bytes each, at least one byte.
inline Pieces cut(std::string_view bytes, std::size_t largest, Dice& dice) {
  Pieces pieces;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), 1 + dice.below(largest));
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return pieces;
}

// Calls `parse(pieces)`, which says all that it made of them as text, for the whole and for several cuts.
template <class Parse>
std::string same_for_any_cut(std::string_view bytes, Parse parse) {
  constexpr std::size_t kEachByte = 300;  // longer input is not fed byte by byte, which may cost its square
  const std::string whole = parse(Pieces{bytes});
  const auto expect = [&](const Pieces& pieces) {
    const std::string got = parse(pieces);
    if (got == whole) return;
    std::string sizes;
    for (const std::string_view piece : pieces) sizes += " " + std::to_string(piece.size());
    throw Broken("in pieces of" + sizes.substr(0, 200) + "\n" + got + "\nas a whole\n" + whole);
  };
  if (bytes.empty()) return whole;
  Dice dice(bytes);
  if (bytes.size() <= kEachByte) expect(cut(bytes, 1, dice));
  for (int i = 0; i < 2; ++i) {
    const std::size_t at = dice.below(bytes.size());
    expect({bytes.substr(0, at), bytes.substr(at)});
  }
  expect(cut(bytes, 16 + bytes.size() / 8, dice));
  return whole;
}

}  // namespace dujiang::fuzz
