#include "http/authority.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "http/chars.hpp"

namespace dujiang::http {
namespace {

bool is_port(std::string_view text) { return text.size() <= 5 && std::ranges::all_of(text, is_digit); }

bool is_ip6_char(char c) {
  const char low = base::to_lower(c);
  return is_digit(c) || (low >= 'a' && low <= 'f') || c == ':' || c == '.';
}

// Four decimal numbers of at most 255 without leading zeros: other spellings mean different things to
// different resolvers.
bool is_ip4(std::string_view text) {
  int parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, is_digit)) return false;
    if (part.size() > 1 && part.front() == '0') return false;
    int value = 0;
    for (const char c : part) value = value * 10 + (c - '0');
    if (value > 255 || ++parts > 4) return false;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  std::size_t host_size = 0;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return std::nullopt;
    if (!std::ranges::all_of(text.substr(1, close - 1), is_ip6_char)) return std::nullopt;
    host_size = close + 1;
  } else {
    host_size = std::min(text.find(':'), text.size());
    if (host_size == 0 || !all_chars(text.substr(0, host_size), authority_char)) return std::nullopt;
  }
  Authority result{.host = text.substr(0, host_size), .port = {}};
  const std::string_view rest = text.substr(host_size);
  if (rest.empty()) return result;
  if (rest.front() != ':' || !is_port(rest.substr(1))) return std::nullopt;
  result.port = rest.substr(1);
  return result;
}

bool is_loopback_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (base::iequals(host, "localhost") || host == "[::1]") return true;
  constexpr std::string_view kLocalSuffix = ".localhost";
  if (host.size() > kLocalSuffix.size() &&
      base::iequals(host.substr(host.size() - kLocalSuffix.size()), kLocalSuffix)) {
    return true;
  }
  return host.starts_with("127.") && is_ip4(host);
}

}  // namespace dujiang::http
