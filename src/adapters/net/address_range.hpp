// A block of IP addresses, as operators write it: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7".
#pragma once

#include <string>
#include <string_view>

#include "adapters/net/address.hpp"
#include "base/result.hpp"

namespace dujiang::adapters::net {

class AddressRange {
 public:
  AddressRange() = default;

  // The error completes "is …" or "has …": "is no IP address or block of them".
  static base::Result<AddressRange> parse(std::string_view text);

  // An IPv4 address is the same whether or not it is written as an IPv6 one.
  bool contains(const SocketAddress& address) const;

  std::string to_string() const;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;

 private:
  SocketAddress first_;
  unsigned bits_ = 0;  // of the prefix that all its addresses share
};

}  // namespace dujiang::adapters::net
