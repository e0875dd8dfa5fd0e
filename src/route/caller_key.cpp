#include "route/caller_key.hpp"

#include <algorithm>
#include <span>

namespace dujiang::route {
namespace {

constexpr std::string_view kScheme = "sha256:";
constexpr std::string_view kKeyPrefix = "dj_";

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> into) {
  if (text.size() != into.size() * 2) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return false;
    into[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

bool is_in_alphabet(std::string_view text) {
  static_assert(kKeyAlphabet == "abcdefghijklmnopqrstuvwxyz234567");
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

}  // namespace

std::string to_text(const SaltedHash& hash) {
  std::string out(kScheme);
  append_hex(out, hash.salt);
  out += ':';
  append_hex(out, hash.digest);
  return out;
}

std::optional<SaltedHash> parse_salted_hash(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  SaltedHash hash;
  if (!read_hex(text.substr(0, colon), hash.salt) || !read_hex(text.substr(colon + 1), hash.digest)) {
    return std::nullopt;
  }
  return hash;
}

bool is_key_id(std::string_view text) { return text.size() == kKeyIdLength && is_in_alphabet(text); }

std::optional<std::string_view> key_id(std::string_view key) {
  constexpr std::size_t kLength = kKeyPrefix.size() + kKeyIdLength + 1 + kKeySecretLength;
  if (key.size() != kLength || !key.starts_with(kKeyPrefix)) return std::nullopt;
  const std::string_view id = key.substr(kKeyPrefix.size(), kKeyIdLength);
  const std::string_view rest = key.substr(kKeyPrefix.size() + kKeyIdLength);
  if (!is_in_alphabet(id) || rest.front() != '_' || !is_in_alphabet(rest.substr(1))) return std::nullopt;
  return id;
}

}  // namespace dujiang::route
