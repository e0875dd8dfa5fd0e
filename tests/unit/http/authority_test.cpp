#include "http/authority.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::http {
namespace {

std::string parts(std::string_view text) {
  const auto authority = parse_authority(text);
  return authority ? std::string(authority->host) + " " + std::string(authority->port) : "none";
}

TEST(Authority, SplitsHostAndPort) {
  EXPECT_EQ(parts("example.com"), "example.com ");
  EXPECT_EQ(parts("example.com:"), "example.com ");
  EXPECT_EQ(parts("example.com:8080"), "example.com 8080");
  EXPECT_EQ(parts("[::1]"), "[::1] ");
  EXPECT_EQ(parts("[fe80::1]:80"), "[fe80::1] 80");
}

TEST(Authority, RefusesWhatIsNoHost) {
  for (const char* bad :
       {"", ":80", "a b", "a@b", "a/b", "a:b", "a:123456", "a:1:2", "::1", "[::1", "[]", "[a]x", "[g::1]"}) {
    EXPECT_EQ(parts(bad), "none") << bad;
  }
}

TEST(LoopbackHost, KnowsTheNamesThatCanOnlyMeanThisMachine) {
  for (const char* good :
       {"localhost", "LOCALHOST", "localhost.", "a.b.localhost", "127.0.0.1", "127.255.0.9", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(good)) << good;
  }
  for (const char* bad :
       {"", "example.com", "localhost.example.com", "notlocalhost", ".localhost", "127.0.0.1.nip.io", "127.1",
        "127.0.0.256", "127.0.0.01", "127.0.0.1.1", "128.0.0.1", "[::2]", "0.0.0.0", "127."}) {
    EXPECT_FALSE(is_loopback_host(bad)) << bad;
  }
}

}  // namespace
}  // namespace dujiang::http
