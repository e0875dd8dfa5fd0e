// A set of header names that is known when the program is compiled. Most names are told not to be in it by
// their first letter and their length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"

namespace dujiang::http {

template <std::size_t N>
class NameSet {
 public:
  // REQUIRES: names in lower case, shorter than 32 bytes.
  constexpr explicit NameSet(const std::string_view (&names)[N]) {
    std::size_t placed = 0;
    for (std::size_t s = 0; s < kSlots; ++s) {
      for (const std::string_view name : names) {
        if (slot(name.front()) != s) continue;
        lengths_[s] |= std::uint32_t{1} << name.size();
        names_[placed++] = name;
      }
      ends_[s] = placed;
    }
  }

  constexpr bool contains(std::string_view name) const {
    if (name.empty() || name.size() >= 32) return false;
    const std::size_t s = slot(name.front());
    if ((lengths_[s] >> name.size() & 1) == 0) return false;
    for (std::size_t i = s == 0 ? 0 : ends_[s - 1]; i < ends_[s]; ++i) {
      if (base::iequals(names_[i], name)) return true;
    }
    return false;
  }

 private:
  // By the last five bits of the first letter, which are those of either case.
  static constexpr std::size_t kSlots = 32;
  static constexpr std::size_t slot(char first) { return static_cast<unsigned char>(first) & (kSlots - 1); }

  std::array<std::string_view, N> names_{};      // slot by slot
  std::array<std::size_t, kSlots> ends_{};       // of each slot in names_
  std::array<std::uint32_t, kSlots> lengths_{};  // of the names in each slot, a bit for each length
};

}  // namespace dujiang::http
