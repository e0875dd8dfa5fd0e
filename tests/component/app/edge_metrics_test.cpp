// What /metrics says of connections and certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "component/app/fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_caller.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EdgeMetricsTest : public AppTest {
 protected:
  RawSocket ask() const {
    RawSocket caller = connect();
    const std::string body = R"({"model":"m","messages":[{"role":"user","content":"Hello"}]})";
    caller.say("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
               ("Content-Length: " + std::to_string(body.size())) + "\r\n\r\n" + body);
    return caller;
  }

  static void answer(RawSocket& up) {
    const std::string body =
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})";
    up.take_until("\"Hello\"}]}");
    up.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body);
  }
};

TEST_F(EdgeMetricsTest, tell_new_connections_to_an_upstream_from_kept_ones_and_from_stale_ones) {
  serve();
  RawSocket first = ask();
  RawSocket kept = upstream_.accept();
  answer(kept);
  EXPECT_EQ(hear_answer(first).status, 200);
  RawSocket second = ask();
  answer(kept);
  EXPECT_EQ(hear_answer(second).status, 200);
  EXPECT_THAT(
      get("/metrics").body,
      AllOf(HasSubstr("dujiang_upstream_connects_total{upstream=\"up\",outcome=\"ok\"} 1\n"),
            HasSubstr("dujiang_upstream_connects_total{upstream=\"up\",outcome=\"connect\"} 0\n"),
            HasSubstr("dujiang_upstream_connections_reused_total{upstream=\"up\"} 1\n"),
            HasSubstr("dujiang_upstream_connections_idle{upstream=\"up\"} 1\n"),
            HasSubstr("dujiang_upstream_stale_repeats_total{upstream=\"up\"} 0\n"),
            HasSubstr("dujiang_upstream_tls_handshakes_total{upstream=\"up\",session=\"full\"} 0\n")));
  RawSocket third = ask();
  kept.take_until("\"Hello\"}]}");
  kept.close();
  RawSocket fresh = upstream_.accept();
  answer(fresh);
  EXPECT_EQ(hear_answer(third).status, 200);
  EXPECT_THAT(get("/metrics").body,
              AllOf(HasSubstr("dujiang_upstream_connects_total{upstream=\"up\",outcome=\"ok\"} 2\n"),
                    HasSubstr("dujiang_upstream_connections_reused_total{upstream=\"up\"} 2\n"),
                    HasSubstr("dujiang_upstream_stale_repeats_total{upstream=\"up\"} 1\n")));
}

TEST_F(EdgeMetricsTest, tell_how_callers_shook_hands_and_until_when_the_certificate_is_good) {
  const Certificate authority = make_authority("Test CA");
  const Certificate leaf = make_leaf(authority, {.not_after = 24h * 30});
  write_file("own.pem", leaf.certificate);
  write_file("own.key", leaf.key);
  serve("listen: {tls: {certificate: own.pem, key: own.key}}\n");
  const auto end = std::chrono::system_clock::now().time_since_epoch() + 24h * 30;

  TlsCallerContext trusting({.authority = authority.certificate});
  for (int i = 0; i < 2; ++i) {
    TlsCaller caller(trusting, port_);
    ASSERT_TRUE(caller.is_open()) << caller.error();
    EXPECT_EQ(caller.resumed(), i == 1);
    caller.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    caller.take_until("ok\n");
  }
  TlsCallerContext h2_only({.authority = authority.certificate, .protocols = "\x02h2"});
  EXPECT_FALSE(TlsCaller(h2_only, port_).is_open());

  TlsCallerContext another({.authority = authority.certificate});
  TlsCaller caller(another, port_);
  caller.say("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string page = caller.take_until("never");
  EXPECT_THAT(page, AllOf(HasSubstr("dujiang_tls_handshakes_total{outcome=\"full\"} 2\n"),
                          HasSubstr("dujiang_tls_handshakes_total{outcome=\"resumed\"} 1\n"),
                          HasSubstr("dujiang_tls_handshakes_total{outcome=\"failed\"} 1\n"),
                          HasSubstr("dujiang_tls_handshakes_total{outcome=\"timeout\"} 0\n")));
  const std::string gauge = "\ndujiang_certificate_not_after_timestamp_seconds{listener=\"listen\"} ";
  ASSERT_THAT(page, HasSubstr(gauge));
  EXPECT_NEAR(std::stod(page.substr(page.find(gauge) + gauge.size())),
              std::chrono::duration<double>(end).count(), 600);
}

}  // namespace
}  // namespace dujiang::testing
