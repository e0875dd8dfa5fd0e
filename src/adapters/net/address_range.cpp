#include "adapters/net/address_range.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>

namespace dujiang::adapters::net {
namespace {

using Bytes = std::span<const unsigned char>;

// Whether the first `bits` of both are the same.
bool share_prefix(Bytes a, Bytes b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::ranges::equal(a.first(whole), b.first(whole))) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool has_bits_beyond(Bytes address, unsigned bits) {
  for (unsigned bit = bits; bit < address.size() * 8; ++bit) {
    if ((address[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

}  // namespace

base::Result<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = SocketAddress::from_ip(text.substr(0, slash), 0);
  if (!address || text.find('\0') != std::string_view::npos) {
    return base::fail("is no IP address or block of them");
  }
  AddressRange range;
  range.first_ = address->unmapped();
  const auto most = static_cast<unsigned>(range.first_.ip().size() * 8);
  range.bits_ = most;
  if (slash == std::string_view::npos) return range;
  if (range.first_ != *address) return base::fail("is a block of IPv4 addresses written as IPv6 ones");
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), range.bits_);
  if (error != std::errc() || end != digits.data() + digits.size() || range.bits_ > most) {
    return base::fail("has a prefix length that is not 0 to " + std::to_string(most));
  }
  if (has_bits_beyond(range.first_.ip(), range.bits_)) {
    return base::fail("has bits set behind its prefix of " + std::string(digits));
  }
  return range;
}

bool AddressRange::contains(const SocketAddress& address) const {
  const SocketAddress other = address.unmapped();
  return first_.is_ip6() == other.is_ip6() && share_prefix(first_.ip(), other.ip(), bits_);
}

std::string AddressRange::to_string() const {
  const std::string ip = first_.ip_text();
  return bits_ == first_.ip().size() * 8 ? ip : ip + "/" + std::to_string(bits_);
}

}  // namespace dujiang::adapters::net
