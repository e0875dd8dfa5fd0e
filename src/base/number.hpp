// Numbers from text, strictly: the whole text is the number, without sign tricks, spaces or a locale.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace dujiang::base {

// Nothing where `text` is empty, holds anything else, or is out of T's range.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  const char* first = text.data();
  const char* last = first + text.size();
  T out{};
  const auto result = std::from_chars(first, last, out);
  if (result.ec != std::errc{} || result.ptr != last) return std::nullopt;
  return out;
}

}  // namespace dujiang::base
