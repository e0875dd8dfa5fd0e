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
    for (std::size_t i = 0; i < N; ++i) {
      names_[i] = names[i];
      lengths_[slot(names[i].front())] |= std::uint32_t{1} << names[i].size();
    }
  }

  constexpr bool contains(std::string_view name) const {
    if (name.empty() || name.size() >= 32) return false;
    if ((lengths_[slot(name.front())] >> name.size() & 1) == 0) return false;
    for (const std::string_view known : names_) {
      if (base::iequals(known, name)) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t slot(char first) { return static_cast<unsigned char>(first) & 31U; }

  std::array<std::string_view, N> names_{};
  std::array<std::uint32_t, 32>
      lengths_{};  // by the last five bits of the first letter: those of either case
};

}  // namespace dujiang::http
