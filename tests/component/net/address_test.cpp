#include "adapters/net/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::adapters::net {
namespace {

std::string round_trip(std::string_view text) {
  const auto address = SocketAddress::parse(text);
  return address ? address->to_string() : "error: " + address.error().message;
}

TEST(SocketAddress, IsWrittenAsItIsRead) {
  for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:80"}) {
    EXPECT_EQ(round_trip(text), text);
  }
  EXPECT_EQ(round_trip("[0:0::1]:1"), "[::1]:1");
}

TEST(SocketAddress, RefusesWhatIsNoNumericAddressWithPort) {
  for (const char* text :
       {"", "8080", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:80x", "::1:80", "[::1]", "[::1]80", "[]:80", "256.0.0.1:80"}) {
    EXPECT_TRUE(round_trip(text).starts_with("error: ")) << text;
  }
  EXPECT_NE(round_trip("here").find("127.0.0.1:8080"), std::string::npos)
      << "the message shows what would be right";
}

TEST(SocketAddress, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(SocketAddress::parse(text)->is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(SocketAddress::parse(text)->is_loopback()) << text;
  }
}

}  // namespace
}  // namespace dujiang::adapters::net
