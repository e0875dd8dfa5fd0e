// Exchanges through an HTTP proxy: asked for the resource itself (http) or for a tunnel (https).
#include <array>

#include "fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ProxyTest : public ClientTest {
 protected:
  // A client whose only endpoint is `url`, reached through the proxy on `port`.
  std::unique_ptr<adapters::http::Client> proxied(const std::string& url, std::uint16_t port) {
    auto spec = upstream_of({url});
    spec.endpoints.front().proxy = route::Secret("http://user:sesame@127.0.0.1:" + std::to_string(port));
    const TemporaryFile file(authority_.certificate);
    spec.ca_file = file.path();
    return client_for(std::move(spec));
  }

  // How a call to an https endpoint ends when the proxy's answer to CONNECT is this.
  Answer tunnelled(const std::string& proxy_says) {
    ScriptedServer proxy(loop_, {{read_head(), send(proxy_says), await_end()}});
    auto client = proxied("https://api.test", proxy.port());
    const Answer answer = fetch(*client);
    EXPECT_EQ(proxy.requests().front(),
              "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n"
              "Proxy-Authorization: Basic dXNlcjpzZXNhbWU=\r\n\r\n");
    EXPECT_EQ(answer.sent, Sent::nothing);
    EXPECT_THAT(answer.detail, Not(HasSubstr("sesame")));
    return answer;
  }

  Certificate authority_ = make_authority("Test CA");
};

TEST_F(ProxyTest, AsksAProxyForAPlainResourceByItsWholeUrl) {
  ScriptedServer proxy(loop_, {{read_request(), send(answer_of("by proxy")), await_end()}});
  auto client = proxied("http://gpu.test:8000/v1", proxy.port());
  EXPECT_EQ(fetch(*client).body, "by proxy");
  EXPECT_THAT(proxy.requests().front(),
              StartsWith("POST http://gpu.test:8000/v1/chat HTTP/1.1\r\nHost: gpu.test:8000\r\n"
                         "Proxy-Authorization: Basic dXNlcjpzZXNhbWU=\r\n"));
}

// A proxy that opens its tunnel to a TLS server, which answers three times.
runtime::Task<void> serve_tunnel(adapters::net::Listener& listener, TlsServerContext& context,
                                 std::string& head) {
  adapters::net::Accepted accepted = co_await listener.accept();
  std::array<char, 4096> bytes{};
  while (!head.ends_with("\r\n\r\n")) {
    const auto got = accepted.conn->read(bytes);
    if (got.status == adapters::net::IoStatus::would_block) {
      co_await accepted.conn->readable().wait(base::kNever);
    } else {
      head.append(bytes.data(), got.bytes);
    }
  }
  accepted.conn->write(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n");
  TlsPeer peer(context, std::move(accepted.conn));
  co_await peer.accept();
  for (int i = 0; i < 3; ++i) {
    co_await peer.read_until("{}");
    co_await peer.write(answer_of("secret"));
  }
}

TEST_F(ProxyTest, TalksTlsWithTheEndpointThroughATunnelAndKeepsIt) {
  TlsServerContext context(make_leaf(authority_));
  const auto listener =
      adapters::net::Listener::open(loop_, adapters::net::SocketAddress::parse("127.0.0.1:0").value())
          .value();
  std::string head;
  loop_.spawn(serve_tunnel(*listener, context, head));
  auto client = proxied("https://localhost", listener->address().port());
  for (int i = 0; i < 3; ++i) {
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.body, "secret") << answer.detail;
    EXPECT_EQ(answer.endpoint, "localhost:443");
  }
  EXPECT_THAT(head, StartsWith("CONNECT localhost:443 HTTP/1.1\r\n"));
  EXPECT_EQ(client->counters("main").connections_opened, 1u);
}

TEST_F(ProxyTest, SaysWhatAProxyAnswersThatOpensNoTunnel) {
  EXPECT_THAT(tunnelled("HTTP/1.1 403 Forbidden\r\n\r\n").detail,
              HasSubstr("did not connect to api.test:443: 403 Forbidden"));
  EXPECT_THAT(tunnelled("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").detail,
              HasSubstr("give user and password"));
  EXPECT_THAT(tunnelled("HTTP/1.1 502 Bad Gateway\r\n\r\n").detail, HasSubstr("502 Bad Gateway"));
  EXPECT_THAT(tunnelled("SSH-2.0-OpenSSH_9.2\r\n").detail, HasSubstr("is not HTTP"));
  EXPECT_THAT(tunnelled("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')).detail,
              HasSubstr("is not HTTP"));
}

TEST_F(ProxyTest, TakesNoBytesThatWereSentBeforeAnythingWasAsked) {
  const Answer answer = tunnelled("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(answer.detail, HasSubstr("bytes that nobody had asked for"));
}

TEST_F(ProxyTest, TellsAProxyThatBreaksTheConnectionFromOneThatIsSlow) {
  for (const Script& script : {Script{reset()}, Script{read_head(), reset()}, Script{read_head()}}) {
    const ScriptedServer proxy(loop_, {script});
    auto client = proxied("https://api.test", proxy.port());
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.failure, IoFailure::connect);
    EXPECT_THAT(answer.detail, HasSubstr("it closed the connection"));
  }
}

TEST_F(ProxyTest, WaitsForAProxyNoLongerThanForAConnection) {
  ScriptedServer proxy(loop_, {{read_head(), await_end()}});
  auto spec = upstream_of({"https://api.test"});
  spec.endpoints.front().proxy = route::Secret(proxy.authority());
  spec.connect_timeout = 50ms;
  auto client = client_for(std::move(spec));
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect_timeout);
  EXPECT_THAT(answer.detail, HasSubstr("in time"));
}

TEST_F(ProxyTest, NamesTheProxyThatCannotBeReached) {
  std::uint16_t port = 0;
  {
    const ScriptedServer gone(loop_, {{}});
    port = gone.port();
  }
  auto client = proxied("https://api.test", port);
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect);
  EXPECT_THAT(answer.detail, HasSubstr("api.test:443 by proxy 127.0.0.1:" + std::to_string(port)));
}

}  // namespace
}  // namespace dujiang::testing
