// Behind load balancers: PROXY headers and X-Forwarded-For, believed from trusted addresses only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "component/http_server/fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_caller.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Answers with whom the front takes the caller for.
runtime::Task<void> tell_peer(const ports::CallerRequest& request, ports::CallerReply& reply) {
  reply.start(200, {}, request.peer.size());
  co_await reply.write(request.peer);
  co_await reply.finish();
}

ServerSettings trusting(const char* range) {
  ServerSettings settings;
  settings.trusted_proxies.ranges.push_back(net::AddressRange::parse(range).value());
  return settings;
}

const Door kProxied{.certificate = nullptr, .proxy_protocol = true};

std::string peer_after(TestServer& server, const std::string& bytes) {
  RawSocket caller = server.connect();
  caller.say(bytes);
  return hear_answer(caller).body;
}

std::string forwarded(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

TEST(ProxyProtocol, TellsWhoseConnectionItIs) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"), kProxied);
  EXPECT_EQ(peer_after(server, "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + get("/")), "192.0.2.7:56324");
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  const std::string local = signature + std::string("\x20\0\0\0", 4);
  EXPECT_EQ(peer_after(server, local + get("/")), "unknown")
      << "the balancer itself, or nobody whom it knows";
  const std::string ip4 =
      signature + std::string("\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\xdc\x04\x01\xbb", 16);
  EXPECT_EQ(peer_after(server, ip4 + get("/")), "192.0.2.7:56324");
}

TEST(ProxyProtocol, MayComeInPiecesAndHoldsForEveryRequestOfTheConnection) {
  TestServer server(always(tell_peer), trusting("127.0.0.0/8"), kProxied);
  RawSocket caller = server.connect();
  const std::string bytes = "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + get("/");
  for (const char byte : bytes) caller.say({&byte, 1});
  EXPECT_EQ(hear_answer(caller).body, "192.0.2.7:56324");
  caller.say(get("/again"));
  EXPECT_EQ(hear_answer(caller).body, "192.0.2.7:56324");
}

TEST(ProxyProtocol, IsAskedOfEveryConnectionAndBelievedOfTrustedOnesOnly) {
  {
    TestServer server(always(tell_peer), trusting("127.0.0.1"), kProxied);
    RawSocket caller = server.connect();
    caller.say(get("/"));
    EXPECT_EQ(caller.take_rest(), "");
    EXPECT_NE(caller.end(), RawSocket::End::timeout);
    EXPECT_EQ(server.refused(RefusalReason::proxy_header), 1u);
  }
  TestServer server(always(tell_peer), trusting("192.0.2.0/24"), kProxied);
  EXPECT_EQ(peer_after(server, "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + get("/")), "");
  EXPECT_EQ(server.refused(RefusalReason::proxy_header), 1u);
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(ProxyProtocol, IsNotUnderstoodWhereNobodyAskedForIt) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"));
  RawSocket caller = server.connect();
  caller.say("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + get("/"));
  EXPECT_EQ(hear_answer(caller).status, 400);
}

TEST(ProxyProtocol, HasToComeInTime) {
  ServerSettings settings = trusting("127.0.0.1");
  settings.header_timeout = std::chrono::milliseconds(50);
  TestServer server(always(tell_peer), settings, kProxied);
  RawSocket slow = server.connect();
  slow.say("PROXY TCP4 192.0.2.7 ");
  slow.take_rest();
  EXPECT_NE(slow.end(), RawSocket::End::timeout);
  EXPECT_EQ(server.refused(RefusalReason::proxy_header), 1u);
}

TEST(ProxyProtocol, StandsBeforeTls) {
  const testing::Certificate authority = testing::make_authority("Test CA");
  const testing::Certificate leaf = testing::make_leaf(authority);
  const auto identity = net::TlsIdentity::make(leaf.certificate, leaf.key).value();
  TestServer server(always(tell_peer), trusting("127.0.0.1"),
                    {std::make_shared<net::OwnCertificate>(identity), true});
  testing::TlsCallerContext context({.authority = authority.certificate});
  testing::TlsCaller caller(context, server.port(), "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n");
  ASSERT_TRUE(caller.is_open()) << caller.error();
  caller.say(get("/"));
  EXPECT_THAT(caller.take_until(":56324"), HasSubstr("\r\n\r\n192.0.2.7:56324"));
}

TEST(ProxyProtocol, MayBeCalledByAnyHostSinceNoWebPageCanSayIt) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"), kProxied);
  RawSocket caller = server.connect();
  caller.say("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: gateway.example\r\n\r\n");
  EXPECT_EQ(hear_answer(caller).status, 200);
}

TEST(ProxyProtocol, ACallerWhomItDoesNotNameIsNobodyAndMaySpeakForNobody) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"), kProxied);
  RawSocket caller = server.connect();
  caller.say("PROXY UNKNOWN\r\n" + forwarded("X-Forwarded-For: 192.0.2.7\r\n"));
  EXPECT_EQ(hear_answer(caller).body, "unknown");
}

TEST(ForwardedFor, NamesTheRightMostThatIsNotTrusted) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"));
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: 192.0.2.7\r\n")), "192.0.2.7");
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: 10.9.9.9, 192.0.2.7 , 127.0.0.1\r\n")),
            "192.0.2.7")
      << "what stands left of it may be invented";
  EXPECT_EQ(peer_after(server, forwarded("x-forwarded-for: 192.0.2.7\r\nX-Forwarded-For: 127.0.0.1\r\n")),
            "192.0.2.7")
      << "several fields are one list";
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: [2001:db8::7]:4711\r\n")), "2001:db8::7");
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: 192.0.2.7:4711\r\n")), "192.0.2.7");
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n")), "127.0.0.1");
}

TEST(ForwardedFor, IsWhomTheApplicationIsAskedAbout) {
  std::string asked;
  std::string refused;
  const ports::FrontHooks hooks{
      .clear =
          [&](const ports::CallerHead& head) {
            asked = head.peer;
            return ports::Clearance{.refusal =
                                        ports::HeadRefusal{.status = 403, .code = "no", .message = ""}};
          },
      .refused = [&](const ports::RefusedRequest& request) { refused = request.peer; }};
  {
    TestServer server(always(tell_peer), trusting("127.0.0.1"), {}, hooks);
    peer_after(server, forwarded("X-Forwarded-For: 192.0.2.7\r\n"));
  }
  EXPECT_EQ(asked, "192.0.2.7") << "not the load balancer, which calls from this machine";
  EXPECT_EQ(refused, "192.0.2.7");
}

TEST(ForwardedFor, StopsAtWhatIsNoAddress) {
  TestServer server(always(tell_peer), trusting("127.0.0.1"));
  EXPECT_EQ(peer_after(server, forwarded("X-Forwarded-For: 192.0.2.7, unknown, 127.0.0.1\r\n")), "127.0.0.1");
  for (const char* value : {"", "unknown", "192.0.2.7, _hidden", ","}) {
    EXPECT_THAT(peer_after(server, forwarded("X-Forwarded-For: " + std::string(value) + "\r\n")),
                MatchesRegex("127\\.0\\.0\\.1:[0-9]+"))
        << value;
  }
}

TEST(ForwardedFor, IsIgnoredFromAnybodyElse) {
  TestServer stranger(always(tell_peer), trusting("192.0.2.0/24"));
  EXPECT_THAT(peer_after(stranger, forwarded("X-Forwarded-For: 192.0.2.7\r\n")),
              MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  TestServer proxied(always(tell_peer), trusting("127.0.0.1"), kProxied);
  EXPECT_EQ(peer_after(proxied, "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" +
                                    forwarded("X-Forwarded-For: 198.51.100.1\r\n")),
            "192.0.2.7:56324")
      << "the load balancer is trusted, its caller is not";
}

}  // namespace
}  // namespace dujiang::adapters::http
