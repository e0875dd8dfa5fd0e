#include "adapters/net/address_range.hpp"

#include <gtest/gtest.h>

#include "adapters/net/trusted_peers.hpp"

namespace dujiang::adapters::net {
namespace {

bool contains(const char* range, const char* ip) {
  return AddressRange::parse(range).value().contains(SocketAddress::from_ip(ip, 1).value());
}

std::string fault(std::string_view text) {
  const auto range = AddressRange::parse(text);
  return range ? "none" : range.error().message;
}

TEST(AddressRange, HoldsWhatSharesItsPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("::1", "::1"));
}

TEST(AddressRange, TakesAnIp4AddressForTheSameHoweverItIsWritten) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(contains("::ffff:10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(contains("::/0", "10.1.2.3")) << "an IPv4 address is no IPv6 address";
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
}

TEST(AddressRange, IsWrittenAsItIsRead) {
  for (const char* text : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", "0.0.0.0/0"}) {
    EXPECT_EQ(AddressRange::parse(text).value().to_string(), text);
  }
}

TEST(AddressRange, RefusesWhatIsNoBlock) {
  for (const char* text : {"", "/8", "here", "10.0.0/8", "10.0.0.0.0", "[::1]"}) {
    EXPECT_EQ(fault(text), "is no IP address or block of them") << text;
  }
  for (const char* text : {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/255.0.0.0"}) {
    EXPECT_EQ(fault(text), "has a prefix length that is not 0 to 32") << text;
  }
  EXPECT_EQ(fault("::/129"), "has a prefix length that is not 0 to 128");
  EXPECT_EQ(fault("10.0.0.1/8"), "has bits set behind its prefix of 8");
  EXPECT_EQ(fault("::ffff:10.0.0.0/104"), "is a block of IPv4 addresses written as IPv6 ones");
}

TEST(TrustedPeers, AreThoseOfTheBlocksAndMaybeOfUnixSockets) {
  TrustedPeers peers;
  EXPECT_TRUE(peers.empty());
  EXPECT_FALSE(peers.contains(std::nullopt));
  peers.ranges = {AddressRange::parse("192.0.2.0/24").value(), AddressRange::parse("::1").value()};
  EXPECT_TRUE(peers.contains(SocketAddress::from_ip("::1", 9).value()));
  EXPECT_FALSE(peers.contains(SocketAddress::from_ip("192.0.3.1", 9).value()));
  EXPECT_FALSE(peers.contains(std::nullopt));
  peers.unix_sockets = true;
  EXPECT_TRUE(peers.contains(std::nullopt));
}

}  // namespace
}  // namespace dujiang::adapters::net
