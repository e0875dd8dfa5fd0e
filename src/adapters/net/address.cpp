#include "adapters/net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

namespace dujiang::adapters::net {

base::Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::string wanted = "'" + std::string(text) +
                             "' is not ADDRESS:PORT (for example 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080)";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return base::fail(wanted);
  std::string_view ip = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') {
    ip = ip.substr(1, ip.size() - 2);
  } else if (ip.find(':') != std::string_view::npos) {
    return base::fail(wanted);
  }
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port > 65535) {
    return base::fail("the port in '" + std::string(text) + "' is not a number from 0 to 65535");
  }
  auto address = from_ip(ip, static_cast<std::uint16_t>(port));
  if (!address) return base::fail(wanted);
  return address;
}

base::Result<SocketAddress> SocketAddress::from_ip(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  SocketAddress result;
  result.port_ = port;
  if (inet_pton(AF_INET, text.c_str(), result.bytes_) == 1) return result;
  if (inet_pton(AF_INET6, text.c_str(), result.bytes_) == 1) {
    result.is_ip6_ = true;
    return result;
  }
  return base::fail("'" + text + "' is not an IPv4 or IPv6 address");
}

SocketAddress SocketAddress::from_native(const sockaddr& address) {
  SocketAddress result;
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    result.port_ = ntohs(in.sin_port);
    std::memcpy(result.bytes_, &in.sin_addr, 4);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    result.is_ip6_ = true;
    result.port_ = ntohs(in.sin6_port);
    result.scope_ = in.sin6_scope_id;
    std::memcpy(result.bytes_, &in.sin6_addr, 16);
  }
  return result;
}

std::string SocketAddress::to_string() const {
  const std::string port = ":" + std::to_string(port_);
  return is_ip6_ ? "[" + ip_text() + "]" + port : ip_text() + port;
}

std::string SocketAddress::ip_text() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_ip6_ ? AF_INET6 : AF_INET, bytes_, text, sizeof text);
  return text;
}

SocketAddress SocketAddress::unmapped() const {
  in6_addr address{};
  std::memcpy(&address, bytes_, 16);
  if (!is_ip6_ || !IN6_IS_ADDR_V4MAPPED(&address)) return *this;
  SocketAddress result;
  result.port_ = port_;
  std::memcpy(result.bytes_, bytes_ + 12, 4);
  return result;
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const {
  SocketAddress result = *this;
  result.port_ = port;
  return result;
}

bool SocketAddress::is_loopback() const {
  if (!is_ip6_) return bytes_[0] == 127;
  in6_addr address{};
  std::memcpy(&address, bytes_, 16);
  return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && bytes_[12] == 127);
}

std::uint32_t SocketAddress::to_native(sockaddr& into) const {
  if (!is_ip6_) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, bytes_, 4);
    std::memcpy(&into, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  in.sin6_scope_id = scope_;
  std::memcpy(&in.sin6_addr, bytes_, 16);
  std::memcpy(&into, &in, sizeof in);
  return sizeof in;
}

}  // namespace dujiang::adapters::net
