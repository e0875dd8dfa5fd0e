// How a new connection comes about, and what is told of its way.
#include "adapters/http/client_dial.hpp"
#include "component/http_client/fixture.hpp"
#include "support/certificates.hpp"
#include "support/silent_listener.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::testing {
namespace {

using adapters::http::Destination;
using adapters::http::Dialled;
using adapters::http::DialTrail;
using adapters::net::CertificateFault;
using adapters::net::Listener;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Step = DialTrail::Step;

class DialTest : public ClientTest {
 protected:
  // Why `url` can't be reached, or nothing.
  std::string dial(const std::string& url, const std::string& proxy = "", base::Duration patience = 10s) {
    route::EndpointSpec endpoint{.url = url};
    if (!proxy.empty()) endpoint.proxy = route::Secret(proxy);
    const Destination to = adapters::http::destination_of(endpoint).value();
    trail_ = {};
    const Dialled dialled =
        run(loop_, adapters::http::dial(loop_, resolver_, tls_, to, loop_.now() + patience, &trail_));
    return dialled ? "" : dialled.error().detail;
  }

  Certificate authority_ = make_authority("Test CA");
  std::shared_ptr<adapters::net::TlsContext> tls_ =
      adapters::net::TlsContext::make(TemporaryFile(authority_.certificate).path()).value();
  adapters::net::Resolver resolver_{loop_};
  DialTrail trail_;
};

TEST_F(DialTest, TellsOfEachStepOfAPlainConnection) {
  const ScriptedServer server(loop_, {{await_end()}});
  EXPECT_EQ(dial(server.url()), "");
  EXPECT_EQ(trail_.step, Step::done);
  ASSERT_TRUE(trail_.addresses);
  EXPECT_EQ(trail_.addresses->front().ip_text(), "127.0.0.1");
  EXPECT_EQ(trail_.peer.port(), server.port());
  EXPECT_LE(trail_.started, trail_.resolved);
  EXPECT_LE(trail_.resolved, trail_.connected);
  EXPECT_FALSE(trail_.tls.certificate);
}

TEST_F(DialTest, NamesTheStepThatFailed) {
  EXPECT_THAT(dial("http://nowhere.invalid"), HasSubstr("nowhere.invalid"));
  EXPECT_EQ(trail_.step, Step::name);
  EXPECT_FALSE(trail_.addresses);

  const SilentListener silent;
  EXPECT_THAT(dial(silent.url(), "", 50ms), HasSubstr(std::to_string(silent.port())));
  EXPECT_EQ(trail_.step, Step::tcp);

  ScriptedServer proxy(loop_, {{read_head(), send("HTTP/1.1 403 Forbidden\r\n\r\n"), await_end()}});
  EXPECT_THAT(dial("https://api.test", proxy.authority()), HasSubstr("403 Forbidden"));
  EXPECT_EQ(trail_.step, Step::tunnel);
}

runtime::Task<void> shake_hands_once(Listener& listener, TlsServerContext& context) {
  adapters::net::Accepted accepted = co_await listener.accept();
  TlsPeer peer(context, std::move(accepted.conn));
  if (co_await peer.accept()) co_await peer.read_until("never said");
}

class DialTlsTest : public DialTest {
 protected:
  std::string dial_server_with(const Certificate& certificate) {
    TlsServerContext context(certificate);
    const auto listener =
        Listener::open(loop_, adapters::net::SocketAddress::parse("127.0.0.1:0").value()).value();
    loop_.spawn(shake_hands_once(*listener, context));
    std::string failure = dial("https://localhost:" + std::to_string(listener->address().port()));
    while (loop_.live_tasks() > 0) run(loop_, runtime::sleep_until(loop_, loop_.now()));
    return failure;
  }
};

TEST_F(DialTlsTest, TellsOfTheCertificateThatItTook) {
  EXPECT_EQ(dial_server_with(make_leaf(authority_)), "");
  EXPECT_EQ(trail_.step, Step::done);
  EXPECT_EQ(trail_.tls.version, "TLSv1.3");
  ASSERT_TRUE(trail_.tls.certificate);
  EXPECT_EQ(trail_.tls.certificate->subject, "localhost");
  EXPECT_EQ(trail_.tls.certificate->issuer, "Test CA");
  const base::WallTime now = loop_.wall_now();
  EXPECT_LT(trail_.tls.certificate->from, now);
  EXPECT_GT(trail_.tls.certificate->until, now);
}

TEST_F(DialTlsTest, TellsOfTheCertificateThatItRefused) {
  EXPECT_THAT(dial_server_with(make_leaf(make_authority("Somebody's CA"))), HasSubstr("not signed by"));
  EXPECT_EQ(trail_.step, Step::tls);
  EXPECT_THAT(trail_.tls.version, IsEmpty());
  ASSERT_TRUE(trail_.tls.certificate);
  EXPECT_EQ(trail_.tls.certificate->issuer, "Somebody's CA");
  EXPECT_EQ(trail_.tls.fault, CertificateFault::untrusted);

  EXPECT_THAT(dial_server_with(make_leaf(authority_, {.not_before = -48h, .not_after = -24h})),
              HasSubstr("has expired"));
  ASSERT_TRUE(trail_.tls.certificate);
  EXPECT_LT(trail_.tls.certificate->until, loop_.wall_now());
  EXPECT_EQ(trail_.tls.fault, CertificateFault::expired);

  EXPECT_THAT(dial_server_with(make_leaf(authority_, {.names = {"other.test"}})), HasSubstr("another host"));
  EXPECT_EQ(trail_.tls.fault, CertificateFault::other_host);
}

}  // namespace
}  // namespace dujiang::testing
