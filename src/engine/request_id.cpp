#include "engine/request_id.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dujiang::engine {

std::string request_id_of(const http::Headers& headers, base::Random& chance) {
  constexpr std::size_t kLongest = 128;
  const auto given = headers.get("x-request-id");
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (given && !given->empty() && given->size() <= kLongest && std::ranges::all_of(*given, printable)) {
    return std::string(*given);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id = "req_";
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t bits = chance.next();
    for (int shift = 0; shift < 64; shift += 4) id += kHex[(bits >> shift) & 15];
  }
  return id;
}

}  // namespace dujiang::engine
