// Which bytes HTTP allows where (RFC 9110 section 5, RFC 9112 section 3), as one table of bits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dujiang::http {

enum CharClass : std::uint8_t {
  token_char = 1,      // methods, field names
  value_char = 2,      // field values: visible, space, tab, and the bytes from 0x80 on
  target_char = 4,     // request targets: visible ASCII without '#'
  authority_char = 8,  // host names: unreserved, sub-delims and '%'
};

namespace detail {

constexpr bool is_alnum(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr std::array<std::uint8_t, 256> make_char_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool visible = c > 0x20 && c < 0x7f;
    const auto is_one_of = [&](std::string_view set) {
      return visible && set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    unsigned bits = 0;
    if (is_alnum(c) || is_one_of("!#$%&'*+-.^_`|~")) bits |= token_char;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) bits |= value_char;
    if (visible && c != '#') bits |= target_char;
    if (is_alnum(c) || is_one_of("-._~!$&'()*+,;=%")) bits |= authority_char;
    table[c] = static_cast<std::uint8_t>(bits);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharTable = make_char_table();

}  // namespace detail

constexpr bool is_char(char c, CharClass kind) {
  return (detail::kCharTable[static_cast<unsigned char>(c)] & kind) != 0;
}

constexpr bool all_chars(std::string_view text, CharClass kind) {
  unsigned bits = kind;
  for (const char c : text) bits &= detail::kCharTable[static_cast<unsigned char>(c)];
  return bits == kind;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace dujiang::http
