// An IP address with a port, as the kernel takes it and as people write it ("127.0.0.1:8080", "[::1]:0").
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sockaddr;

namespace dujiang::adapters::net {

class SocketAddress {
 public:
  SocketAddress() = default;

  // "ADDRESS:PORT" with a numeric address; IPv6 in brackets.
  static base::Result<SocketAddress> parse(std::string_view text);

  // A numeric IPv4 or IPv6 address, without brackets.
  static base::Result<SocketAddress> from_ip(std::string_view ip, std::uint16_t port);

  // Copies what the kernel gave (sockaddr_in or sockaddr_in6; anything else becomes an empty address).
  static SocketAddress from_native(const sockaddr& address);

  std::string to_string() const;
  std::string ip_text() const;  // without port and brackets
  std::span<const unsigned char> ip() const { return {bytes_, is_ip6_ ? std::size_t{16} : std::size_t{4}}; }
  std::uint16_t port() const { return port_; }
  SocketAddress with_port(std::uint16_t port) const;
  bool is_ip6() const { return is_ip6_; }
  bool is_loopback() const;
  // The IPv4 address that an IPv6 socket shows as ::ffff:a.b.c.d; any other one as it is.
  SocketAddress unmapped() const;

  // Fills a sockaddr_storage and returns the length that counts.
  std::uint32_t to_native(sockaddr& into) const;

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;

 private:
  bool is_ip6_ = false;
  std::uint16_t port_ = 0;
  std::uint32_t scope_ = 0;
  unsigned char bytes_[16] = {};  // in network order; four of them for IPv4
};

}  // namespace dujiang::adapters::net
