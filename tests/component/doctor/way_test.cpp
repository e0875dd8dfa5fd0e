// What the doctor finds of an endpoint that can't be reached, and of the way to one that can.
#include <array>

#include "adapters/net/listener.hpp"
#include "component/doctor/fixture.hpp"
#include "support/certificates.hpp"
#include "support/fake_dns.hpp"
#include "support/silent_listener.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::testing {
namespace {

using adapters::net::Listener;
using ::testing::AllOf;
using ::testing::HasSubstr;

using WayTest = DoctorTest;

TEST_F(WayTest, SaysThatANameDoesNotExistAndSkipsTheRest) {
  FakeDns dns(loop_, [](const DnsQuestion&) { return DnsReply{.code = DnsReply::Code::no_such_name}; });
  examine(case_of("https://api.test"), {.servers = {.addresses = dns.address()}});
  EXPECT_EQ(level(check::kDns), Level::fail);
  EXPECT_THAT(found(check::kDns).found, HasSubstr("api.test does not resolve"));
  EXPECT_EQ(count(Level::fail), 1u);
  for (const auto name : {check::kConnect, check::kTls, check::kAnswer, check::kKey, check::kToken}) {
    EXPECT_EQ(level(name), Level::skipped) << name;
  }
}

TEST_F(WayTest, TellsOfTheAddressesOfAName) {
  const RawUpstream upstream(answers(healthy));
  FakeDns dns(loop_, [](const DnsQuestion& question) {
    return DnsReply{.addresses = {question.v6 ? "::1" : "127.0.0.1"}, .ttl = 60};
  });
  examine(case_of("http://api.test:" + std::to_string(upstream.port())),
          {.servers = {.addresses = dns.address()}});
  EXPECT_THAT(found(check::kDns).found, HasSubstr("api.test: IPv4 127.0.0.1; IPv6 ::1"));
  EXPECT_THAT(found(check::kConnect).found,
              HasSubstr("127.0.0.1:" + std::to_string(upstream.port()) + " over IPv4"));
  EXPECT_EQ(level(check::kToken), Level::ok);
}

TEST_F(WayTest, SaysThatAPortRefuses) {
  const ClosedPort closed;
  examine(case_of("http://127.0.0.1:" + std::to_string(closed.port())));
  EXPECT_EQ(level(check::kConnect), Level::fail);
  EXPECT_THAT(found(check::kConnect).found, HasSubstr("refuses connections"));
  EXPECT_THAT(found(check::kConnect).advice, HasSubstr("is the server up"));
}

TEST_F(WayTest, WaitsNoLongerThanConnectTimeout) {
  const SilentListener silent;
  doctor::EndpointCase endpoint = case_of(silent.url());
  change(endpoint).connect_timeout = 50ms;
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kConnect), Level::fail);
  EXPECT_THAT(found(check::kConnect).advice, HasSubstr("firewall"));
}

// A proxy that lets nobody through.
runtime::Task<void> refuse(Listener& proxy) {
  const adapters::net::Accepted accepted = co_await proxy.accept();
  std::array<char, 4096> head{};
  while (accepted.conn->read(head).status == adapters::net::IoStatus::would_block) {
    co_await accepted.conn->readable().wait(base::kNever);
  }
  accepted.conn->write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(WayTest, SaysWhatAProxyAnswersThatRefuses) {
  const auto proxy =
      Listener::open(loop_, adapters::net::SocketAddress::parse("127.0.0.1:0").value()).value();
  loop_.spawn(refuse(*proxy));
  doctor::EndpointCase endpoint = case_of("https://api.test");
  change(endpoint).endpoints.front().proxy =
      route::Secret("http://user:sesame@127.0.0.1:" + std::to_string(proxy->address().port()));
  endpoint.proxy = {
      .why = diagnosis::ProxySeen::Why::environment, .variable = "HTTPS_PROXY", .proxy = "127.0.0.1"};
  examine(std::move(endpoint));
  EXPECT_EQ(found(check::kProxy).found, "127.0.0.1, named by HTTPS_PROXY");
  EXPECT_EQ(level(check::kDns), Level::ok) << "the proxy's";
  EXPECT_EQ(level(check::kConnect), Level::fail);
  EXPECT_THAT(found(check::kConnect).found, AllOf(HasSubstr("api.test:443"), HasSubstr("403 Forbidden")));
  EXPECT_THAT(found(check::kConnect).advice, HasSubstr("CONNECT to api.test:443"));
  EXPECT_EQ(level(check::kTls), Level::skipped);
}

// Shakes hands with whoever comes, and answers nothing.
runtime::Task<void> shake_hands(Listener& listener, TlsServerContext& context) {
  while (true) {
    adapters::net::Accepted accepted = co_await listener.accept();
    if (!accepted.conn) co_return;
    TlsPeer peer(context, std::move(accepted.conn));
    if (co_await peer.accept()) co_await peer.read_until("\r\n\r\n");
  }
}

class TlsWayTest : public WayTest {
 protected:
  void examine_server_with(const Certificate& certificate) {
    TlsServerContext context(certificate);
    const auto listener =
        Listener::open(loop_, adapters::net::SocketAddress::parse("127.0.0.1:0").value()).value();
    loop_.spawn(shake_hands(*listener, context));
    doctor::EndpointCase endpoint =
        case_of("https://localhost:" + std::to_string(listener->address().port()));
    const TemporaryFile roots(authority_.certificate);
    change(endpoint).ca_file = roots.path();
    ca_file_ = roots.path();
    endpoint.answer_time = 5s;
    examine(std::move(endpoint));
    listener->close();
    while (loop_.live_tasks() > 0) run(loop_, runtime::sleep_until(loop_, loop_.now()));
  }

  Certificate authority_ = make_authority("Test CA");
  std::string ca_file_;
};

TEST_F(TlsWayTest, TellsWhoseCertificateItIsForHowLongAndWhoIsTrusted) {
  examine_server_with(make_leaf(authority_, {.not_after = std::chrono::days(100) + 1h}));
  EXPECT_EQ(level(check::kTls), Level::ok);
  EXPECT_THAT(found(check::kTls).found,
              AllOf(HasSubstr("TLS 1.3"), HasSubstr("localhost, signed by Test CA"),
                    HasSubstr("100 days left"), HasSubstr("trusted by " + ca_file_)));
  EXPECT_EQ(level(check::kAnswer), Level::fail) << "it hangs up";
}

TEST_F(TlsWayTest, WarnsOfACertificateThatEndsSoon) {
  examine_server_with(make_leaf(authority_, {.not_after = std::chrono::days(5) + 1h}));
  EXPECT_EQ(level(check::kTls), Level::warn);
  EXPECT_THAT(found(check::kTls).found, HasSubstr("5 days left"));
}

TEST_F(TlsWayTest, SaysWhoSignedACertificateThatIsNotTrusted) {
  examine_server_with(make_leaf(make_authority("Somebody's CA")));
  EXPECT_EQ(level(check::kTls), Level::fail);
  EXPECT_THAT(found(check::kTls).found, HasSubstr("signed by Somebody's CA"));
  EXPECT_THAT(found(check::kTls).advice, HasSubstr("must hold the CA that signed this"));
  EXPECT_EQ(level(check::kAnswer), Level::skipped);
}

TEST_F(TlsWayTest, ShowsThisMachinesTimeBesideACertificateThatHasExpired) {
  examine_server_with(make_leaf(authority_, {.not_before = -48h, .not_after = -24h}));
  EXPECT_EQ(level(check::kTls), Level::fail);
  EXPECT_THAT(found(check::kTls).found, HasSubstr("has expired"));
  EXPECT_THAT(found(check::kTls).advice, HasSubstr("here it is"));
}

TEST_F(TlsWayTest, SaysThatAPortSpeaksNoTls) {
  const RawUpstream plain(answers(healthy));
  examine(case_of("https://127.0.0.1:" + std::to_string(plain.port())));
  EXPECT_EQ(level(check::kTls), Level::fail);
  EXPECT_THAT(found(check::kTls).advice, HasSubstr("is it https at this port?"));
}

TEST_F(TlsWayTest, SaysThatACaFileIsNoGood) {
  doctor::EndpointCase endpoint = case_of("https://127.0.0.1:9");
  const TemporaryFile nonsense("nonsense");
  change(endpoint).ca_file = nonsense.path();
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kTls), Level::fail);
  EXPECT_THAT(found(check::kTls).found, HasSubstr(nonsense.path()));
  EXPECT_EQ(level(check::kToken), Level::skipped);
}

}  // namespace
}  // namespace dujiang::testing
