#include "adapters/net/proxy_header.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace dujiang::adapters::net {
namespace {

using State = ProxyHeader::State;

constexpr ProxyHeader kMore{.state = State::more};
constexpr ProxyHeader kFailed{.state = State::failed};

// Version 1: one line of text, at most 107 bytes with its end.
constexpr std::string_view kWord = "PROXY ";
constexpr std::size_t kLongestLine = 107;

// Version 2: twelve bytes that begin nothing else, then four that say what follows.
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;
constexpr std::size_t kIp4Addresses = 12;
constexpr std::size_t kIp6Addresses = 36;
constexpr std::size_t kUnixAddresses = 216;

// Takes the next word of a line whose words are parted by one space each.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

// A port in decimal, without a sign or leading zeros.
std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

std::optional<SocketAddress> read_address(std::string_view ip, std::string_view port, bool is_ip6) {
  const auto number = read_port(port);
  if (!number || ip.find('\0') != std::string_view::npos) return std::nullopt;
  const auto address = SocketAddress::from_ip(ip, *number);
  if (!address || address->is_ip6() != is_ip6) return std::nullopt;
  return *address;
}

// "TCP4 192.0.2.7 192.0.2.1 56324 443", or "UNKNOWN" and whatever.
ProxyHeader parse_line(std::string_view line, std::size_t size) {
  const ProxyHeader unsaid{.state = State::done, .size = size};
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return unsaid;
  const bool ends_in_space = line.ends_with(' ');
  const std::string_view family = take_word(line);
  if ((family != "TCP4" && family != "TCP6") || ends_in_space) return kFailed;
  const bool is_ip6 = family == "TCP6";
  const std::string_view from = take_word(line);
  const std::string_view to = take_word(line);
  const std::string_view from_port = take_word(line);
  const std::string_view to_port = take_word(line);
  const auto source = read_address(from, from_port, is_ip6);
  if (!source || !read_address(to, to_port, is_ip6) || !line.empty()) return kFailed;
  return {.state = State::done, .size = size, .source = source};
}

ProxyHeader parse_text(std::string_view bytes) {
  const std::string_view beginning = bytes.substr(0, kWord.size());
  if (!kWord.starts_with(beginning)) return kFailed;
  const std::string_view window = bytes.substr(0, kLongestLine);
  const std::size_t feed = window.find('\n');
  if (feed == std::string_view::npos) return window.size() == kLongestLine ? kFailed : kMore;
  if (feed < kWord.size() + 1 || window[feed - 1] != '\r') return kFailed;
  return parse_line(window.substr(kWord.size(), feed - 1 - kWord.size()), feed + 1);
}

std::size_t read_u16(std::string_view bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
         static_cast<unsigned char>(bytes[1]);
}

// Extensions: a type, two bytes of length, and so many bytes. What they say is nothing to us.
bool are_extensions(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < 3 || bytes.size() - 3 < read_u16(bytes.substr(1))) return false;
    bytes.remove_prefix(3 + read_u16(bytes.substr(1)));
  }
  return true;
}

SocketAddress read_ip4(std::string_view addresses) {
  sockaddr_storage native{};
  sockaddr_in in{};
  in.sin_family = AF_INET;
  std::memcpy(&in.sin_addr, addresses.data(), 4);
  std::memcpy(&in.sin_port, addresses.data() + 8, 2);
  std::memcpy(&native, &in, sizeof in);
  return SocketAddress::from_native(reinterpret_cast<const sockaddr&>(native));
}

SocketAddress read_ip6(std::string_view addresses) {
  sockaddr_storage native{};
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  std::memcpy(&in.sin6_addr, addresses.data(), 16);
  std::memcpy(&in.sin6_port, addresses.data() + 32, 2);
  std::memcpy(&native, &in, sizeof in);
  return SocketAddress::from_native(reinterpret_cast<const sockaddr&>(native));
}

// `kind`: address family and transport. `rest`: addresses and extensions.
ProxyHeader parse_addresses(unsigned char kind, std::string_view rest) {
  ProxyHeader header{.state = State::done, .size = kFixed + rest.size()};
  std::size_t addresses = 0;
  switch (kind) {
    case 0x00:  // unspecified
      break;
    case 0x11:  // TCP over IPv4
      addresses = kIp4Addresses;
      break;
    case 0x21:  // TCP over IPv6
      addresses = kIp6Addresses;
      break;
    case 0x31:  // a Unix stream
      addresses = kUnixAddresses;
      break;
    default:  // datagrams, or nothing that exists
      return kFailed;
  }
  if (rest.size() < addresses) return kFailed;
  if (kind != 0x00 && !are_extensions(rest.substr(addresses))) return kFailed;
  if (kind == 0x11) header.source = read_ip4(rest);
  if (kind == 0x21) header.source = read_ip6(rest);
  return header;
}

ProxyHeader parse_binary(std::string_view bytes) {
  constexpr unsigned char kLocal = 0x20;  // version 2, for the load balancer itself
  constexpr unsigned char kProxy = 0x21;  // version 2, on behalf of another
  if (bytes.size() > kSignature.size()) {
    const auto command = static_cast<unsigned char>(bytes[kSignature.size()]);
    if (command != kLocal && command != kProxy) return kFailed;
  }
  if (bytes.size() < kFixed) return kMore;
  const std::size_t length = read_u16(bytes.substr(kFixed - 2));
  if (kFixed + length > kMaxProxyHeader) return kFailed;
  if (bytes.size() - kFixed < length) return kMore;
  if (static_cast<unsigned char>(bytes[kSignature.size()]) == kLocal)
    return {.state = State::done, .size = kFixed + length};
  return parse_addresses(static_cast<unsigned char>(bytes[kFixed - 3]), bytes.substr(kFixed, length));
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return kMore;
  if (bytes.front() != kSignature.front()) return parse_text(bytes);
  if (!kSignature.starts_with(bytes.substr(0, kSignature.size()))) return kFailed;
  return parse_binary(bytes);
}

}  // namespace dujiang::adapters::net
