#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "adapters/net/dns.hpp"
#include "support/fake_dns.hpp"
#include "support/run.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using dujiang::testing::DnsQuestion;
using dujiang::testing::DnsReply;
using dujiang::testing::FakeDns;
using dujiang::testing::run;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using Resolved = std::expected<AddressList, ResolveError>;

// What a server says of one name: nothing for AAAA, one address for A.
std::optional<DnsReply> one_v4(const DnsQuestion& question, const char* address, std::uint32_t ttl) {
  if (question.v6) return DnsReply{.addresses = {}, .ttl = ttl};
  return DnsReply{.addresses = {address}, .ttl = ttl};
}

class ResolverTest : public ::testing::Test {
 protected:
  Resolver resolver(const FakeDns& server, DnsCacheLimits limits = {}) {
    return Resolver(loop_, {.servers = {.addresses = server.address()}, .cache = limits});
  }

  Resolved resolve(Resolver& resolver, std::string host, base::Duration patience = 10s) {
    return run(loop_, resolver.resolve(std::move(host), loop_.now() + patience));
  }

  static std::vector<std::string> texts(const Resolved& resolved) {
    std::vector<std::string> result;
    if (!resolved) return {resolved.error().message};
    for (const SocketAddress& address : **resolved) {
      std::string text = address.to_string();  // "10.0.0.1:0", "[::1]:0"
      text.resize(text.size() - 2);
      result.push_back(std::move(text));
    }
    return result;
  }

  runtime::EpollLoop loop_{1};
};

TEST_F(ResolverTest, NeverAsksForLiteralAddresses) {
  FakeDns server(loop_, [](const DnsQuestion&) { return DnsReply{}; });
  Resolver resolver = this->resolver(server);
  EXPECT_THAT(texts(resolve(resolver, "127.0.0.9")), ElementsAre("127.0.0.9"));
  EXPECT_THAT(texts(resolve(resolver, "::1")), ElementsAre("[::1]"));
  EXPECT_EQ(resolver.look_ups(), 0u);
  EXPECT_THAT(server.questions(), ElementsAre());
}

TEST_F(ResolverTest, TakesLocalhostFromTheHostsFile) {
  FakeDns server(loop_, [](const DnsQuestion&) { return DnsReply{}; });
  Resolver resolver = this->resolver(server);
  EXPECT_THAT(texts(resolve(resolver, "localhost")), ::testing::Contains("127.0.0.1"));
  EXPECT_THAT(server.questions(), ElementsAre());
}

TEST_F(ResolverTest, AsksForBothFamilies) {
  FakeDns server(loop_, [](const DnsQuestion& question) {
    return DnsReply{.addresses = {question.v6 ? "fd00::7" : "10.1.2.3"}, .ttl = 60};
  });
  Resolver resolver = this->resolver(server);
  EXPECT_THAT(texts(resolve(resolver, "api.test")), UnorderedElementsAre("10.1.2.3", "[fd00::7]"));
  EXPECT_THAT(server.questions(), UnorderedElementsAre("A api.test", "AAAA api.test"));
}

TEST_F(ResolverTest, AsksOnceWhileTheTtlLasts) {
  FakeDns server(loop_, [](const DnsQuestion& question) { return one_v4(question, "10.0.0.1", 300); });
  Resolver resolver = this->resolver(server);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  EXPECT_EQ(resolver.look_ups(), 1u);
}

TEST_F(ResolverTest, AsksAgainAfterTheTtlAndFollowsTheNewAnswer) {
  const char* address = "10.0.0.1";
  FakeDns server(loop_, [&](const DnsQuestion& question) { return one_v4(question, address, 0); });
  Resolver resolver = this->resolver(server, {.min_ttl = 0s});
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  address = "10.0.0.2";
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.2"));
  EXPECT_EQ(resolver.look_ups(), 2u);
}

TEST_F(ResolverTest, NamesTheHostThatDoesNotExistAndRemembersIt) {
  FakeDns server(loop_, [](const DnsQuestion&) { return DnsReply{.code = DnsReply::Code::no_such_name}; });
  Resolver resolver = this->resolver(server);
  for (int i = 0; i < 2; ++i) {
    const Resolved resolved = resolve(resolver, "nowhere.test");
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error().kind, ResolveError::Kind::failed);
    EXPECT_THAT(resolved.error().message, HasSubstr("nowhere.test does not resolve"));
  }
  EXPECT_EQ(resolver.look_ups(), 1u);
}

TEST_F(ResolverTest, RefusesANameThatIsNone) {
  FakeDns server(loop_, [](const DnsQuestion&) { return DnsReply{}; });
  Resolver resolver = this->resolver(server);
  const Resolved resolved = resolve(resolver, std::string(70, 'a') + ".test");
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().kind, ResolveError::Kind::failed);
}

TEST_F(ResolverTest, EndsTheWaitAtTheDeadlineWhenTheServerIsSilent) {
  FakeDns server(loop_, [](const DnsQuestion&) { return std::nullopt; });
  Resolver resolver = this->resolver(server);
  const Resolved resolved = resolve(resolver, "api.test", 20ms);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().kind, ResolveError::Kind::deadline);
  EXPECT_THAT(resolved.error().message, HasSubstr("api.test"));
}

TEST_F(ResolverTest, HandsOutTheOldAddressWhenTheRefreshFails) {
  DnsReply::Code code = DnsReply::Code::ok;
  FakeDns server(loop_, [&](const DnsQuestion& question) {
    auto reply = one_v4(question, "10.0.0.1", 0);
    reply->code = code;
    if (code != DnsReply::Code::ok) reply->addresses.clear();
    return reply;
  });
  Resolver resolver = this->resolver(server, {.min_ttl = 0s});
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  code = DnsReply::Code::server_failure;
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  EXPECT_EQ(resolver.look_ups(), 2u);
}

TEST_F(ResolverTest, HandsOutTheOldAddressWhenTheRefreshIsSilent) {
  bool silent = false;
  FakeDns server(loop_, [&](const DnsQuestion& question) {
    return silent ? std::nullopt : one_v4(question, "10.0.0.1", 0);
  });
  Resolver resolver(
      loop_, {.servers = {.addresses = server.address()}, .cache = {.min_ttl = 0s}, .stale_wait = 1ms});
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  silent = true;
  EXPECT_THAT(texts(resolve(resolver, "api.test", 10min)), ElementsAre("10.0.0.1"));
}

runtime::Task<void> resolve_into(Resolver& resolver, base::TimePoint until, int& count) {
  if (co_await resolver.resolve("api.test", until)) ++count;
}

runtime::Task<void> resolve_at_once(runtime::EpollLoop& loop, Resolver& resolver, int waiters, int& count) {
  const base::TimePoint until = loop.now() + 10s;
  for (int i = 0; i < waiters; ++i) loop.spawn(resolve_into(resolver, until, count));
  co_await resolver.resolve("api.test", until);
  while (count < waiters) co_await runtime::sleep_until(loop, loop.now());
}

TEST_F(ResolverTest, SharesOneLookUpAmongAllWhoWaitForIt) {
  FakeDns server(loop_, [](const DnsQuestion& question) { return one_v4(question, "10.0.0.1", 300); });
  Resolver resolver = this->resolver(server);
  int count = 0;
  run(loop_, resolve_at_once(loop_, resolver, 50, count));
  EXPECT_EQ(count, 50);
  EXPECT_EQ(resolver.look_ups(), 1u);
  EXPECT_EQ(server.questions().size(), 2u);
}

// A resolv.conf that tests replace as NetworkManager and its like do.
class ResolvConf {
 public:
  explicit ResolvConf(const FakeDns& server) : port_(server.port()) { name(server); }
  ~ResolvConf() { std::filesystem::remove(path_); }
  ResolvConf(const ResolvConf&) = delete;
  ResolvConf& operator=(const ResolvConf&) = delete;

  void name(const FakeDns& server) const {
    std::ofstream(path_ + ".new") << "nameserver " << server.ip() << "\n";
    std::filesystem::rename(path_ + ".new", path_);
  }
  Resolver resolver(runtime::EpollLoop& loop) const {
    return Resolver(loop, {.servers = {.resolv_conf = path_, .port = port_}, .cache = {.min_ttl = 0s}});
  }

 private:
  std::uint16_t port_;
  std::string path_ = ::testing::TempDir() + "resolv.conf." + std::to_string(getpid());
};

TEST_F(ResolverTest, AsksTheServersOfTodayWhenResolvConfHasChanged) {
  FakeDns before(loop_, [](const DnsQuestion& question) { return one_v4(question, "10.0.0.1", 0); });
  FakeDns after(loop_, [](const DnsQuestion& question) { return one_v4(question, "10.0.0.2", 0); },
                {.ip = "127.0.0.2", .port = before.port()});
  const ResolvConf file(before);
  Resolver resolver = file.resolver(loop_);
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.1"));
  file.name(after);
  EXPECT_THAT(texts(resolve(resolver, "api.test")), ElementsAre("10.0.0.2"));
  EXPECT_EQ(before.questions().size(), 4u);
  EXPECT_EQ(after.questions().size(), 2u);
}

// Of a server that is gone there is always somebody who still waits.
TEST_F(ResolverTest, LooksAtResolvConfWhileALookUpIsUnderWay) {
  FakeDns gone(loop_, [](const DnsQuestion&) { return std::nullopt; });
  FakeDns after(loop_, [](const DnsQuestion& question) { return one_v4(question, "10.0.0.2", 0); },
                {.ip = "127.0.0.2", .port = gone.port()});
  const ResolvConf file(gone);
  Resolver resolver = file.resolver(loop_);
  EXPECT_FALSE(resolve(resolver, "first.test", 1ms));
  file.name(after);
  EXPECT_THAT(texts(resolve(resolver, "second.test")), ElementsAre("10.0.0.2"));
}

TEST_F(ResolverTest, SurvivesItsEndWhileALookUpIsUnderWay) {
  FakeDns server(loop_, [](const DnsQuestion&) { return std::nullopt; });
  auto resolver =
      std::make_unique<Resolver>(loop_, ResolverSettings{.servers = {.addresses = server.address()}});
  EXPECT_FALSE(resolve(*resolver, "api.test", 5ms));
  int count = 0;
  loop_.spawn(resolve_into(*resolver, loop_.now() + 10s, count));
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
  resolver.reset();
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
  EXPECT_EQ(count, 0);
  EXPECT_EQ(loop_.live_tasks(), 0u) << "the one who waited was told";
}

}  // namespace
}  // namespace dujiang::adapters::net
