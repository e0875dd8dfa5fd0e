#include "http/request_id.hpp"

#include <algorithm>
#include <cstdint>

namespace dujiang::http {
namespace {

constexpr std::size_t kLongest = 128;

bool is_fit(std::string_view id) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  return !id.empty() && id.size() <= kLongest && std::ranges::all_of(id, printable);
}

}  // namespace

std::string request_id(std::optional<std::string_view> given, base::Random& chance) {
  if (given && is_fit(*given)) return std::string(*given);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  id.reserve(36);
  id = "req_";
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t bits = chance.next();
    for (int shift = 0; shift < 64; shift += 4) id += kHex[(bits >> shift) & 15];
  }
  return id;
}

}  // namespace dujiang::http
