#include "adapters/log/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dujiang::adapters::log {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t point = kReplacement;
  std::size_t length = 1;
  bool valid = false;
};

bool is_continuation(std::string_view bytes, std::size_t at) {
  return at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80;
}

// The first code point of `bytes` by the Unicode standard's table of well-formed UTF-8; where it is
// ill-formed, as many bytes as its maximal subpart has.
Decoded decode(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes.front());
  if (lead < 0x80) return {lead, 1, true};
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0) return {};

  // The second byte excludes overlong forms, surrogates and what is beyond U+10FFFF.
  const auto second = bytes.size() > 1 ? static_cast<unsigned char>(bytes[1]) : 0u;
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < lowest || second > highest) return {};

  char32_t point = (lead & (0x7Fu >> length)) << 6 | (second & 0x3F);
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(bytes, i)) return {kReplacement, i, false};
    point = point << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3Fu);
  }
  return {point, length, true};
}

// Control characters, and the line ends of Unicode that log readers split at.
bool needs_escape(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

constexpr std::uint64_t each_byte(std::uint8_t value) { return 0x0101010101010101U * value; }

// Whether one of eight bytes may have to be looked at: a control character, a quote, a backslash, or none of
// ASCII. (Bit tricks: a byte below n borrows from its own top bit when n is subtracted.)
bool may_be_special(std::uint64_t bytes) {
  constexpr std::uint64_t kTop = each_byte(0x80);
  const auto has_below = [](std::uint64_t text, std::uint8_t n) {
    return (text - each_byte(n)) & ~text & kTop;
  };
  return (has_below(bytes, 0x20) | ((bytes | (bytes + each_byte(1))) & kTop) |
          has_below(bytes ^ each_byte('"'), 1) | has_below(bytes ^ each_byte('\\'), 1)) != 0;
}

// How many bytes at the front stand in a string as they are: most texts have no others.
std::size_t plain_prefix(std::string_view bytes) {
  std::size_t plain = 0;
  for (std::uint64_t eight = 0; bytes.size() >= plain + sizeof eight; plain += sizeof eight) {
    std::memcpy(&eight, bytes.data() + plain, sizeof eight);
    if (may_be_special(eight)) break;
  }
  bytes.remove_prefix(plain);
  if (bytes.size() < sizeof(std::uint64_t)) {
    std::uint64_t eight = each_byte(' ');
    std::memcpy(&eight, bytes.data(), bytes.size());
    if (!may_be_special(eight)) return plain + bytes.size();
  }
  const auto* special = std::ranges::find_if(
      bytes, [](unsigned char c) { return c < 0x20 || c >= 0x7F || c == '"' || c == '\\'; });
  return plain + static_cast<std::size_t>(special - bytes.begin());
}

// Appends `bytes` between quotes.
void append_quoted(std::string& out, std::string_view bytes) {
  const std::size_t at = out.size();
  out.append(bytes.size() + 2, '"');
  bytes.copy(out.data() + at + 1, bytes.size());
}

void append_number(std::string& out, auto value) {
  std::array<char, 24> digits{};
  out +=
      std::string_view(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

void append_json_string(std::string& out, std::string_view bytes, std::size_t max_bytes) {
  if (bytes.size() <= max_bytes && plain_prefix(bytes) == bytes.size()) return append_quoted(out, bytes);
  out += '"';
  std::size_t room = max_bytes;
  while (!bytes.empty()) {
    if (const std::size_t plain = std::min(plain_prefix(bytes), room); plain > 0) {
      out += bytes.substr(0, plain);
      room -= plain;
      bytes.remove_prefix(plain);
      continue;
    }
    const Decoded next = decode(bytes);
    if (next.length > room) {
      out += "…";
      break;
    }
    if (!next.valid) {
      out += "\\ufffd";
    } else if (next.point == '"' || next.point == '\\') {
      out += '\\';
      out += bytes.front();
    } else if (needs_escape(next.point)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(next.point));
    } else {
      out += bytes.substr(0, next.length);
    }
    room -= next.length;
    bytes.remove_prefix(next.length);
  }
  out += '"';
}

void JsonObject::begin_field(std::string_view name) {
  if (!std::exchange(first_, false)) out_ += ',';
  append_quoted(out_, name);
  out_ += ':';
}

void JsonObject::field(std::string_view name, std::string_view value) {
  begin_field(name);
  append_json_string(out_, value);
}

void JsonObject::field(std::string_view name, bool value) {
  begin_field(name);
  out_ += value ? "true" : "false";
}

void JsonObject::field(std::string_view name, std::uint64_t value) {
  begin_field(name);
  append_number(out_, value);
}

void JsonObject::field(std::string_view name, int value) {
  begin_field(name);
  append_number(out_, value);
}

void JsonObject::seconds(std::string_view name, double value) {
  begin_field(name);
  if (!std::isfinite(value)) {
    out_ += "null";
    return;
  }
  if (std::abs(value) >= 1e9) {
    append_number(out_, value);
    return;
  }
  // Whole seconds and microseconds: a decimal fraction, never an exponent.
  const std::int64_t micros = std::llround(value * 1e6);
  if (micros < 0) out_ += '-';
  const auto size = static_cast<std::uint64_t>(std::abs(micros));
  append_number(out_, size / 1'000'000);
  if (size % 1'000'000 == 0) return;
  std::array<char, 6> digits{};
  for (std::uint64_t rest = size % 1'000'000, i = 6; i-- > 0; rest /= 10) {
    digits[i] = static_cast<char>('0' + rest % 10);
  }
  std::string_view fraction(digits.data(), digits.size());
  fraction.remove_suffix(fraction.size() - 1 - fraction.find_last_not_of('0'));
  out_ += '.';
  out_ += fraction;
}

}  // namespace dujiang::adapters::log
