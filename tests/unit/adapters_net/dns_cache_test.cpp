#include "adapters/net/dns_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;

constexpr base::TimePoint kStart{std::chrono::hours(1)};
constexpr DnsCacheLimits kLimits{
    .min_ttl = 5s, .max_ttl = 60s, .failure_ttl = 3s, .max_stale = 1h, .max_names = 2};

AddressList list(const char* ip) {
  return std::make_shared<const std::vector<SocketAddress>>(1, SocketAddress::from_ip(ip, 0).value());
}

TEST(DnsCache, KnowsNothingAtFirst) {
  const DnsCache cache(kLimits);
  const CachedName found = cache.find("a", kStart);
  EXPECT_FALSE(found.current);
  EXPECT_EQ(found.addresses, nullptr);
}

TEST(DnsCache, KeepsAnAnswerForItsTtl) {
  DnsCache cache(kLimits);
  const AddressList addresses = list("10.0.0.1");
  cache.store("a", addresses, 30s, kStart);
  EXPECT_TRUE(cache.find("a", kStart + 30s - 1ns).current);
  EXPECT_FALSE(cache.find("a", kStart + 30s).current);
  EXPECT_EQ(cache.find("a", kStart).addresses, addresses);
}

TEST(DnsCache, BoundsTheTtlAtBothEnds) {
  DnsCache cache(kLimits);
  cache.store("none", list("10.0.0.1"), 0s, kStart);
  EXPECT_TRUE(cache.find("none", kStart + 4s).current);
  EXPECT_FALSE(cache.find("none", kStart + 5s).current);
  cache.store("day", list("10.0.0.1"), 24h, kStart);
  EXPECT_FALSE(cache.find("day", kStart + 60s).current);
}

TEST(DnsCache, RemembersAFailureForAMoment) {
  DnsCache cache(kLimits);
  cache.store_failure("a", "no such name", kStart);
  const CachedName found = cache.find("a", kStart + 2s);
  EXPECT_TRUE(found.current);
  EXPECT_EQ(found.addresses, nullptr);
  EXPECT_EQ(found.error, "no such name");
  EXPECT_FALSE(cache.find("a", kStart + 3s).current);
}

TEST(DnsCache, HandsOutAnExpiredAddressWhileItsRefreshFails) {
  DnsCache cache(kLimits);
  const AddressList addresses = list("10.0.0.1");
  cache.store("a", addresses, 30s, kStart);
  cache.store_failure("a", "server failure", kStart + 31s);
  const CachedName soon = cache.find("a", kStart + 32s);
  EXPECT_TRUE(soon.current) << "the next look-up is due in a moment, not now";
  EXPECT_EQ(soon.addresses, addresses);
  EXPECT_FALSE(cache.find("a", kStart + 34s).current);
  EXPECT_EQ(cache.find("a", kStart + 30s + 1h - 1ns).addresses, addresses);
  EXPECT_EQ(cache.find("a", kStart + 30s + 1h).addresses, nullptr) << "nothing is stale for ever";
}

TEST(DnsCache, ForgetsAnErrorOnceTheNameResolves) {
  DnsCache cache(kLimits);
  cache.store_failure("a", "no such name", kStart);
  cache.store("a", list("10.0.0.1"), 30s, kStart + 3s);
  EXPECT_EQ(cache.find("a", kStart + 4s).error, "");
}

TEST(DnsCache, DropsTheNameThatIsDueSoonestWhenFull) {
  DnsCache cache(kLimits);
  cache.store("a", list("10.0.0.1"), 10s, kStart);
  cache.store("b", list("10.0.0.2"), 30s, kStart);
  cache.store("c", list("10.0.0.3"), 20s, kStart);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.find("a", kStart).addresses, nullptr);
  EXPECT_NE(cache.find("b", kStart).addresses, nullptr);
  EXPECT_NE(cache.find("c", kStart).addresses, nullptr);
}

}  // namespace
}  // namespace dujiang::adapters::net
