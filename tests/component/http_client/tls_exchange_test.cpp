// Exchanges over TLS.
#include "fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using Kind = HttpEvent::Kind;

// Answers requests over TLS, so many on each connection.
struct TlsServer {
  TlsServer(runtime::EpollLoop& loop, const Certificate& certificate)
      : context(certificate),
        listener(
            adapters::net::Listener::open(loop, adapters::net::SocketAddress::parse("127.0.0.1:0").value())
                .value()) {}

  std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(listener->address().port());
  }

  TlsServerContext context;
  std::unique_ptr<adapters::net::Listener> listener;
  std::string answer = answer_of("secret");
  int requests_per_connection = 1;
  bool says_goodbye = true;
  int connections = 0;
};

runtime::Task<void> serve_tls(TlsServer& server, int connections) {
  for (int i = 0; i < connections; ++i) {
    adapters::net::Accepted accepted = co_await server.listener->accept();
    if (!accepted.conn) co_return;
    ++server.connections;
    TlsPeer peer(server.context, std::move(accepted.conn));
    if (!co_await peer.accept()) continue;
    for (int k = 0; k < server.requests_per_connection; ++k) {
      co_await peer.read_until("{}");
      co_await peer.write(server.answer);
    }
    if (server.says_goodbye) peer.close_notify();
  }
}

class TlsClientTest : public ClientTest {
 protected:
  std::unique_ptr<adapters::http::Client> trusting_client(const std::string& url) {
    auto spec = upstream_of({url});
    const TemporaryFile file(authority_.certificate);
    spec.ca_file = file.path();
    return client_for(std::move(spec));
  }

  Certificate authority_ = make_authority("Test CA");
};

TEST_F(TlsClientTest, AsksOverAVerifiedConnectionAndKeepsIt) {
  TlsServer server(loop_, make_leaf(authority_));
  server.requests_per_connection = 3;
  loop_.spawn(serve_tls(server, 1));
  auto client = trusting_client(server.url("localhost"));
  for (int i = 0; i < 3; ++i) {
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.body, "secret") << answer.detail;
  }
  EXPECT_EQ(server.connections, 1);
  EXPECT_EQ(client->counters("main").pool_hits, 2u);
  EXPECT_EQ(client->counters("main").tls_handshakes, 1u);
}

TEST_F(TlsClientTest, ResumesTheSessionOnItsNextConnection) {
  TlsServer server(loop_, make_leaf(authority_));
  server.answer = answer_of("secret", "Connection: close\r\n");
  loop_.spawn(serve_tls(server, 3));
  auto client = trusting_client(server.url("localhost"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(*client).body, "secret");
  EXPECT_EQ(client->counters("main").tls_handshakes, 3u);
  EXPECT_EQ(client->counters("main").tls_resumed, 2u);
}

TEST_F(TlsClientTest, DropsAKeptConnectionThatTheServerClosed) {
  TlsServer server(loop_, make_leaf(authority_));
  loop_.spawn(serve_tls(server, 2));
  auto client = trusting_client(server.url("localhost"));
  EXPECT_EQ(fetch(*client).body, "secret");
  EXPECT_EQ(fetch(*client).body, "secret");
  EXPECT_EQ(server.connections, 2);
}

TEST_F(TlsClientTest, SaysWhyACertificateIsRefusedAndSendsNothing) {
  TlsServer server(loop_, make_self_signed());
  loop_.spawn(serve_tls(server, 2));
  auto client = trusting_client(server.url("localhost"));
  for (int i = 0; i < 2; ++i) {
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.failure, IoFailure::tls) << "each time, for waiting does not heal it";
    EXPECT_THAT(answer.detail, HasSubstr("certificate of localhost is not signed"));
    EXPECT_EQ(answer.sent, Sent::nothing);
  }
  const auto faults = client->counters("main").connects_failed;
  EXPECT_EQ(faults[static_cast<std::size_t>(adapters::http::ConnectFault::tls)], 2u);
}

TEST_F(TlsClientTest, TellsACutBodyFromOneThatEnded) {
  TlsServer server(loop_, make_leaf(authority_));
  server.answer = "HTTP/1.1 200 OK\r\n\r\nall of it?";
  server.says_goodbye = false;
  loop_.spawn(serve_tls(server, 1));
  auto client = trusting_client(server.url("localhost"));
  const Answer cut = fetch(*client);
  EXPECT_EQ(cut.last, Kind::failure);
  EXPECT_EQ(cut.failure, IoFailure::reset);
  server.says_goodbye = true;
  loop_.spawn(serve_tls(server, 1));
  EXPECT_EQ(fetch(*client).body, "all of it?");
}

TEST_F(TlsClientTest, GivesUpASilentHandshakeAfterTheConnectTimeout) {
  ScriptedServer silent(loop_, {{await_end()}});
  auto spec = upstream_of({"https://" + silent.authority()});
  spec.connect_timeout = 20ms;
  auto client = client_for(std::move(spec));
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect_timeout);
  EXPECT_THAT(answer.detail, HasSubstr("TLS handshake"));
}

}  // namespace
}  // namespace dujiang::testing
