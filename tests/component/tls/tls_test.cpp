#include "adapters/net/tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "adapters/net/listener.hpp"
#include "support/certificates.hpp"
#include "support/run.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using namespace dujiang::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Newest = TlsServerContext::Newest;
using Connected = std::expected<std::unique_ptr<Conn>, TlsFailure>;

// What the server's side of one connection does, and what it saw.
struct Server {
  explicit Server(const Certificate& certificate, Newest newest = Newest::tls13)
      : context(certificate, newest) {}

  TlsServerContext context;
  std::string answer = "hello";
  bool says_goodbye = true;
  bool accepted = false;
  bool resumed = false;
  std::string server_name;
  std::string protocol;
};

runtime::Task<void> serve_one(Server& server, Listener& listener) {
  Accepted accepted = co_await listener.accept();
  TlsPeer peer(server.context, std::move(accepted.conn));
  server.accepted = co_await peer.accept();
  if (!server.accepted) co_return;
  server.resumed = peer.resumed();
  server.server_name = peer.server_name();
  server.protocol = peer.protocol();
  co_await peer.read_until("\n");
  co_await peer.write(server.answer);
  if (server.says_goodbye) peer.close_notify();
}

// Everything that comes until the end of the stream, and how that ended.
struct Read {
  std::string bytes;
  IoStatus end = IoStatus::ok;
};

runtime::Task<Read> read_all(Conn& conn) {
  Read result;
  std::array<char, 777> buffer{};
  while (true) {
    const IoResult got = conn.read(buffer);
    if (got.status == IoStatus::ok) {
      result.bytes.append(buffer.data(), got.bytes);
      continue;
    }
    result.end = got.status;
    if (got.status != IoStatus::would_block) co_return result;
    runtime::Signal& readable = conn.readable();
    if (co_await readable.wait(readable.loop().now() + 10s) == runtime::Wake::timeout) co_return result;
  }
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : listener_(Listener::open(loop_, SocketAddress::parse("127.0.0.1:0").value()).value()) {}

  static std::shared_ptr<TlsContext> trusting(const Certificate& authority) {
    return TlsContext::make(TemporaryFile(authority.certificate).path()).value();
  }

  runtime::Task<Connected> connect(std::shared_ptr<TlsContext> context, std::string host,
                                   base::Duration patience = 10s) {
    const auto until = loop_.now() + patience;
    auto tcp = co_await connect_tcp(loop_, listener_->address(), until);
    if (!tcp) co_return std::unexpected(TlsFailure{.message = tcp.error().message});
    co_return co_await connect_tls(std::move(context), std::move(*tcp), std::move(host), 443, until);
  }

  // One whole exchange: connects, asks, reads to the end.
  runtime::Task<Read> converse(Server& server, std::shared_ptr<TlsContext> context, std::string host) {
    loop_.spawn(serve_one(server, *listener_));
    const Connected conn = co_await connect(std::move(context), std::move(host));
    if (!conn) co_return Read{.bytes = conn.error().message};
    (*conn)->write("a question", "\n");
    co_return co_await read_all(**conn);
  }

  // Why the client refuses a server with this certificate, or "connected".
  std::string refusal(const Certificate& certificate, std::shared_ptr<TlsContext> context, std::string host,
                      Newest newest = Newest::tls13) {
    Server server(certificate, newest);
    loop_.spawn(serve_one(server, *listener_));
    const Connected conn = run(loop_, connect(std::move(context), std::move(host)));
    if (conn) return "connected";
    while (loop_.live_tasks() > 0) run(loop_, runtime::sleep_until(loop_, loop_.now()));
    EXPECT_FALSE(server.accepted && newest != Newest::tls13) << "the server was told";
    return conn.error().message;
  }

  runtime::EpollLoop loop_{1};
  std::unique_ptr<Listener> listener_;
  Certificate authority_ = make_authority("Test CA");
};

TEST_F(TlsTest, ReadsAndWritesOverAVerifiedConnection) {
  Server server(make_leaf(authority_, {.names = {"api.test"}}));
  const Read read = run(loop_, converse(server, trusting(authority_), "api.test"));
  EXPECT_EQ(read.bytes, "hello");
  EXPECT_EQ(read.end, IoStatus::eof);
  EXPECT_EQ(server.server_name, "api.test");
  EXPECT_EQ(server.protocol, "http/1.1") << "h2 is not offered";
}

TEST_F(TlsTest, ChecksAnAddressAgainstTheAddressesInTheCertificate) {
  Server server(make_leaf(authority_, {.names = {"IP:127.0.0.1"}}));
  EXPECT_EQ(run(loop_, converse(server, trusting(authority_), "127.0.0.1")).bytes, "hello");
  EXPECT_EQ(server.server_name, "") << "an address is no server name";
  EXPECT_THAT(refusal(make_leaf(authority_, {.names = {"IP:127.0.0.2"}}), trusting(authority_), "127.0.0.1"),
              HasSubstr("certificate of 127.0.0.1 is for another host"));
}

TEST_F(TlsTest, RefusesACertificateForAnotherHost) {
  EXPECT_THAT(refusal(make_leaf(authority_, {.names = {"other.test"}}), trusting(authority_), "api.test"),
              HasSubstr("certificate of api.test is for another host"));
}

TEST_F(TlsTest, RefusesAnExpiredCertificate) {
  const Certificate expired =
      make_leaf(authority_, {.names = {"api.test"}, .not_before = -2h, .not_after = -1h});
  EXPECT_EQ(refusal(expired, trusting(authority_), "api.test"), "certificate of api.test has expired");
}

TEST_F(TlsTest, RefusesACertificateFromTheFuture) {
  const Certificate early = make_leaf(authority_, {.names = {"api.test"}, .not_before = 1h, .not_after = 2h});
  EXPECT_EQ(refusal(early, trusting(authority_), "api.test"),
            "certificate of api.test is not valid yet; check this machine's clock");
}

TEST_F(TlsTest, RefusesASelfSignedCertificateAndNamesTheSetting) {
  EXPECT_THAT(
      refusal(make_self_signed({.names = {"api.test"}}), trusting(authority_), "api.test"),
      AllOf(HasSubstr("certificate of api.test is not signed by an authority"), HasSubstr("ca_file")));
}

TEST_F(TlsTest, RefusesAnAuthorityThatIsNotTheOneConfigured) {
  const Certificate leaf = make_leaf(make_authority("Another CA"), {.names = {"api.test"}});
  EXPECT_THAT(refusal(leaf, trusting(authority_), "api.test"), HasSubstr("not signed by an authority"));
}

TEST_F(TlsTest, TrustsTheSystemsRootsWhenNoFileIsNamed) {
  const Certificate leaf = make_leaf(authority_, {.names = {"api.test"}});
  EXPECT_THAT(refusal(leaf, TlsContext::make(std::nullopt).value(), "api.test"),
              HasSubstr("not signed by an authority"));
}

TEST_F(TlsTest, RefusesOldProtocols) {
  const Certificate leaf = make_leaf(authority_, {.names = {"api.test"}});
  EXPECT_THAT(refusal(leaf, trusting(authority_), "api.test", Newest::tls11),
              HasSubstr("TLS handshake with api.test failed"));
}

TEST_F(TlsTest, NamesTheFileThatHasNoCertificates) {
  const TemporaryFile garbage("no PEM at all");
  for (const std::string& path : {garbage.path(), std::string("/nowhere/ca.pem")}) {
    const auto context = TlsContext::make(path);
    ASSERT_FALSE(context);
    EXPECT_THAT(context.error().message, HasSubstr("ca_file " + path));
  }
}

TEST_F(TlsTest, ResumesASessionOnTheNextConnection) {
  for (const auto newest : {Newest::tls12, Newest::tls13}) {
    Server server(make_leaf(authority_, {.names = {"api.test"}}), newest);
    const auto context = trusting(authority_);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(run(loop_, converse(server, context, "api.test")).bytes, "hello");
      EXPECT_EQ(server.resumed, i > 0) << i;
    }
    EXPECT_EQ(context->counters().handshakes, 4u);
    EXPECT_EQ(context->counters().resumed, 3u);
  }
}

TEST_F(TlsTest, ResumesAfterAConnectionThatWasReset) {
  Server server(make_leaf(authority_, {.names = {"api.test"}}), Newest::tls12);
  const auto context = trusting(authority_);
  loop_.spawn(serve_one(server, *listener_));
  const Connected conn = run(loop_, connect(context, "api.test"));
  ASSERT_TRUE(conn);
  (*conn)->reset();
  EXPECT_EQ(run(loop_, converse(server, context, "api.test")).bytes, "hello");
  EXPECT_TRUE(server.resumed);
}

TEST_F(TlsTest, KeepsTheSessionsOfHostsApart) {
  Server server(make_leaf(authority_, {.names = {"api.test", "two.test"}}));
  const auto context = trusting(authority_);
  EXPECT_EQ(run(loop_, converse(server, context, "api.test")).bytes, "hello");
  EXPECT_EQ(run(loop_, converse(server, context, "two.test")).bytes, "hello");
  EXPECT_FALSE(server.resumed);
}

TEST_F(TlsTest, TellsACutStreamFromOneThatEnded) {
  Server server(make_leaf(authority_, {.names = {"api.test"}}));
  server.says_goodbye = false;
  const Read read = run(loop_, converse(server, trusting(authority_), "api.test"));
  EXPECT_EQ(read.bytes, "hello");
  EXPECT_EQ(read.end, IoStatus::reset);
}

TEST_F(TlsTest, ReadsRecordsThatAreLargerThanItsBuffer) {
  Server server(make_leaf(authority_, {.names = {"api.test"}}));
  server.answer = std::string(100'000, 'x') + "end";
  const Read read = run(loop_, converse(server, trusting(authority_), "api.test"));
  EXPECT_EQ(read.bytes, server.answer);
  EXPECT_EQ(read.end, IoStatus::eof);
}

runtime::Task<bool> write_all(Conn& conn, std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    const IoResult wrote = conn.write(head, body);
    if (wrote.status == IoStatus::would_block) {
      runtime::Signal& writable = conn.writable();
      co_await writable.wait(writable.loop().now() + 10s);
      continue;
    }
    if (wrote.status != IoStatus::ok) co_return false;
    const std::size_t of_head = std::min(wrote.bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(wrote.bytes - of_head);
  }
  co_return true;
}

runtime::Task<void> swallow(Server& server, Listener& listener, std::string& got) {
  Accepted accepted = co_await listener.accept();
  TlsPeer peer(server.context, std::move(accepted.conn));
  server.accepted = co_await peer.accept();
  got = co_await peer.read_until("end");
}

runtime::Task<bool> write_much(runtime::Task<Connected> connecting, const std::string& head,
                               const std::string& body, const std::string& got) {
  const Connected conn = co_await connecting;
  if (!conn || !co_await write_all(**conn, head, body)) co_return false;
  while (got.empty()) co_await runtime::sleep_until((*conn)->readable().loop(), base::TimePoint::min());
  co_return true;
}

TEST_F(TlsTest, WritesMoreThanTheKernelTakesAtOnce) {
  Server server(make_leaf(authority_, {.names = {"api.test"}}));
  const std::string head(1000, 'h');
  const std::string body = std::string(8'000'000, 'b') + "end";
  std::string got;
  loop_.spawn(swallow(server, *listener_, got));
  EXPECT_TRUE(run(loop_, write_much(connect(trusting(authority_), "api.test"), head, body, got)));
  EXPECT_TRUE(got == head + body) << got.size() << " bytes came";
}

TEST_F(TlsTest, GivesUpASilentHandshakeAtItsDeadline) {
  const Connected conn = run(loop_, connect(trusting(authority_), "api.test", 20ms));  // nobody accepts
  ASSERT_FALSE(conn);
  EXPECT_EQ(conn.error().kind, TlsFailure::Kind::timeout);
  EXPECT_THAT(conn.error().message, HasSubstr("api.test did not complete the TLS handshake in time"));
}

runtime::Task<void> answer_plainly(Listener& listener, std::string answer) {
  const Accepted accepted = co_await listener.accept();
  accepted.conn->write(answer);
  accepted.conn->shutdown_write();
  while (accepted.conn->read(std::span(answer.data(), answer.size())).status != IoStatus::eof) {
    runtime::Signal& readable = accepted.conn->readable();
    if (co_await readable.wait(readable.loop().now() + 10s) == runtime::Wake::timeout) co_return;
  }
}

TEST_F(TlsTest, ExplainsAPeerThatSpeaksNoTls) {
  loop_.spawn(answer_plainly(*listener_, "HTTP/1.1 400 Bad Request\r\n\r\n"));
  const Connected conn = run(loop_, connect(trusting(authority_), "api.test"));
  ASSERT_FALSE(conn);
  EXPECT_EQ(conn.error().kind, TlsFailure::Kind::handshake);
  EXPECT_THAT(conn.error().message, HasSubstr("does it speak plain http://"));
}

TEST_F(TlsTest, ExplainsAPeerThatHangsUpInTheHandshake) {
  loop_.spawn(answer_plainly(*listener_, ""));
  const Connected conn = run(loop_, connect(trusting(authority_), "api.test"));
  ASSERT_FALSE(conn);
  EXPECT_THAT(conn.error().message, HasSubstr("during the TLS handshake"));
}

}  // namespace
}  // namespace dujiang::adapters::net
