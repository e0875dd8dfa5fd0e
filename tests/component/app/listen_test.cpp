// Where the gateway listens, as its users say it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "component/app/fixture.hpp"
#include "support/certificates.hpp"
#include "support/tls_caller.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

class ListenTest : public AppTest {
 protected:
  // The lines of a listener with a certificate for localhost.
  std::string tls() const {
    write_file("own.pem", leaf_.certificate);
    write_file("own.key", leaf_.key);
    return "tls: {certificate: own.pem, key: own.key}";
  }

  Certificate authority_ = make_authority("Test CA");
  Certificate leaf_ = make_leaf(authority_);
};

TEST_F(ListenTest, serves_over_tls_and_says_so) {
  serve("listen: {" + tls() + "}\n");
  EXPECT_THAT(ready_line_, HasSubstr("base_url https://127.0.0.1:"));
  TlsCallerContext trusting({.authority = authority_.certificate});
  TlsCaller caller(trusting, port_);
  ASSERT_TRUE(caller.is_open()) << caller.error();
  caller.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(caller.take_until("ok\n"), HasSubstr("HTTP/1.1 200 OK"));
  const HttpAnswer plain = get("/healthz");
  EXPECT_EQ(plain.status, 400);
  EXPECT_THAT(plain.body, HasSubstr("\"code\":\"tls_required\""));
}

TEST_F(ListenTest, check_and_serve_refuse_a_certificate_with_the_key_of_another) {
  tls();
  write_file("own.key", make_leaf(authority_).key);
  const std::string path = write_file("wrong.yaml",
                                      "version: 1\n"
                                      "listen: {tls: {certificate: own.pem, key: own.key}}\n"
                                      "upstreams: [{name: a, base_url: \"https://x\"}]\n"
                                      "routes: [{name: all, match: \"*\", targets: [{upstream: a}]}]\n");
  const Ended checked = run_dujiang({.arguments = {"check", path}});
  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.error, HasSubstr(path + ":2: listen.tls.key: the file " + folder() +
                                       "/own.key does not belong to the certificate"));
  const Ended served = run_dujiang({.arguments = {"serve", "--config", path}});
  EXPECT_EQ(served.status, 1);
  EXPECT_EQ(served.error, checked.error);
}

}  // namespace
}  // namespace dujiang::testing
