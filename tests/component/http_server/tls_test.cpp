// The front behind TLS, before callers who speak it for real.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "component/http_server/fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_caller.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace dujiang::testing;

std::shared_ptr<const net::TlsIdentity> identity_of(const Certificate& certificate) {
  return net::TlsIdentity::make(certificate.certificate, certificate.key).value();
}

class TlsFrontTest : public ::testing::Test {
 protected:
  TlsCallerOptions trusting() const { return {.authority = authority_.certificate}; }

  Certificate authority_ = make_authority("Test CA");
  std::shared_ptr<net::OwnCertificate> certificate_ =
      std::make_shared<net::OwnCertificate>(identity_of(make_leaf(authority_)));
  TlsCallerContext caller_{trusting()};
};

TEST_F(TlsFrontTest, AnswersRequestsOneAfterTheOther) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCaller caller(caller_, server.port());
  ASSERT_TRUE(caller.is_open()) << caller.error();
  EXPECT_EQ(caller.protocol(), "http/1.1");
  EXPECT_EQ(caller.version(), "TLSv1.3");
  ASSERT_TRUE(caller.say(get("/one")));
  EXPECT_THAT(caller.take_until("/one?\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_TRUE(caller.say(post("/two", std::string(200'000, 'b') + "end")));
  EXPECT_THAT(caller.take_until("end"), HasSubstr("POST /two?\nbbb"));
}

TEST_F(TlsFrontTest, SpeaksTls12AndNothingOlder) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCallerOptions options = trusting();
  options.newest = TLS1_2_VERSION;
  TlsCallerContext tls12(options);
  TlsCaller old(tls12, server.port());
  EXPECT_EQ(old.version(), "TLSv1.2") << old.error();
  options.newest = TLS1_1_VERSION;
  TlsCallerContext tls11(options);
  EXPECT_FALSE(TlsCaller(tls11, server.port()).is_open());
}

TEST_F(TlsFrontTest, RefusesCiphersWithoutForwardSecrecyOrAuthentication) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCallerOptions options = trusting();
  options.newest = TLS1_2_VERSION;
  for (const char* ciphers : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"}) {
    options.ciphers = ciphers;
    TlsCallerContext context(options);
    EXPECT_FALSE(TlsCaller(context, server.port()).is_open()) << ciphers;
  }
}

TEST_F(TlsFrontTest, RefusesACallerWhoOffersOnlyProtocolsThatItDoesNotSpeak) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCallerOptions options = trusting();
  options.protocols = "\x02h2";
  TlsCallerContext h2_only(options);
  EXPECT_THAT(TlsCaller(h2_only, server.port()).error(), HasSubstr("no application protocol"));
  options.protocols = std::string("\x02h2") + "\x08http/1.1";
  TlsCallerContext both(options);
  EXPECT_EQ(TlsCaller(both, server.port()).protocol(), "http/1.1");
}

TEST_F(TlsFrontTest, ResumesTheSessionOfAnEarlierConnection) {
  TestServer server(always(echo), {}, {certificate_});
  for (const int newest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCallerOptions options = trusting();
    options.newest = newest;
    TlsCallerContext context(options);
    for (int i = 0; i < 3; ++i) {
      TlsCaller caller(context, server.port());
      ASSERT_TRUE(caller.say(get("/")));
      caller.take_until("/?\n");  // with it comes the ticket
      EXPECT_EQ(caller.resumed(), i > 0) << caller.version() << ", connection " << i;
    }
  }
}

TEST_F(TlsFrontTest, ShowsARenewedCertificateToNewConnectionsAndKeepsTheOldOnes) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCaller before(caller_, server.port());
  ASSERT_TRUE(before.is_open());
  const Certificate other = make_authority("Another CA");
  certificate_->replace(identity_of(make_leaf(other)));
  ASSERT_TRUE(before.say(get("/still-open")));
  EXPECT_THAT(before.take_until("?\n"), HasSubstr("GET /still-open"));
  TlsCallerContext trusts_other({.authority = other.certificate});
  EXPECT_TRUE(TlsCaller(trusts_other, server.port()).is_open());
  TlsCallerContext trusts_first(trusting());
  EXPECT_THAT(TlsCaller(trusts_first, server.port()).error(), HasSubstr("certificate verify failed"));
}

TEST_F(TlsFrontTest, TellsACallerWithoutTlsWhatIsWrong) {
  TestServer server(always(echo), {}, {certificate_});
  RawSocket caller = server.connect();
  caller.say(get("/"));
  const HttpAnswer answer = hear_answer(caller);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("tls_required"), HasSubstr("https://")));
  EXPECT_EQ(answer.header("connection"), "close");
  caller.take_rest();
  EXPECT_EQ(caller.end(), RawSocket::End::eof);
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST_F(TlsFrontTest, ClosesAConnectionWhoseHandshakeIsBrokenOrTooSlow) {
  ServerSettings settings;
  settings.header_timeout = std::chrono::milliseconds(50);
  TestServer server(always(echo), settings, {certificate_});
  RawSocket broken = server.connect();
  broken.say(std::string("\x16\x03\x01\xff\xff", 5) + std::string(70, 'x'));
  broken.take_rest();
  EXPECT_NE(broken.end(), RawSocket::End::timeout);
  RawSocket slow = server.connect();
  slow.say(std::string("\x16\x03\x01\x02", 4));
  slow.take_rest();
  EXPECT_NE(slow.end(), RawSocket::End::timeout);
  EXPECT_EQ(server.refused(RefusalReason::tls_handshake), 2u);
  RawSocket silent = server.connect();
  silent.take_rest();
  EXPECT_EQ(silent.end(), RawSocket::End::eof);
  EXPECT_EQ(server.refused(RefusalReason::tls_handshake), 2u) << "who says nothing breaks nothing";
}

TEST_F(TlsFrontTest, EndsItsStreamProperly) {
  TestServer server(always(echo), {}, {certificate_});
  TlsCaller caller(caller_, server.port());
  ASSERT_TRUE(caller.say("GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(caller.take_until("nothing of the kind"), HasSubstr("GET /last"));
  EXPECT_TRUE(caller.ended_properly());
}

struct Leaving {
  Meeting begun;
  Meeting seen;
};

runtime::Task<void> await_leaving(const ports::CallerRequest& request, ports::CallerReply& reply,
                                  runtime::EpollLoop& loop, std::shared_ptr<Leaving> leaving) {
  runtime::Signal left(loop);
  const std::stop_callback on_gone(request.gone, [&left] { left.notify(); });
  leaving->begun.arrive();
  co_await left.wait(base::kNever);
  reply.abort();
  leaving->seen.arrive();
}

TEST_F(TlsFrontTest, SeesACallerWhoLeaves) {
  const auto leaving = std::make_shared<Leaving>();
  const auto make = [leaving](runtime::EpollLoop& loop) {
    return [&loop, leaving](const ports::CallerRequest& request, ports::CallerReply& reply) {
      return await_leaving(request, reply, loop, leaving);
    };
  };
  TestServer server(make, {}, {certificate_});
  {
    TlsCaller caller(caller_, server.port());
    ASSERT_TRUE(caller.say(get("/")));
    EXPECT_TRUE(leaving->begun.wait());
  }
  EXPECT_TRUE(leaving->seen.wait());
}

TEST_F(TlsFrontTest, DropsHandshakesThatAreUnderWayWhenItCloses) {
  TestServer server(always(echo), {}, {certificate_});
  RawSocket half_way = server.connect();
  half_way.say(std::string("\x16\x03\x01\x02", 4));
  RawSocket silent = server.connect();
  TlsCaller open(caller_, server.port());
  ASSERT_TRUE(open.say(get("/")));
  open.take_until("?\n");  // so that the others have been accepted, too
  EXPECT_EQ(server.counts().connections, 3u);
  server.stop_accepting();
  silent.take_rest();
  EXPECT_EQ(silent.end(), RawSocket::End::eof) << "nothing is waited for from whom nothing came";
  server.close_all();
  half_way.take_rest();
  EXPECT_NE(half_way.end(), RawSocket::End::timeout);
  EXPECT_TRUE(server.await_drained());
}

}  // namespace
}  // namespace dujiang::adapters::http
