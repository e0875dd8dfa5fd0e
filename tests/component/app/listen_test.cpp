// Where the gateway listens, as its users say it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

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

  std::string insecure_file() const {
    return write_file("insecure.yaml",
                      "version: 1\n"
                      "insecure: true\n"
                      "upstreams: [{name: a, base_url: \"https://x\"}]\n"
                      "routes: [{name: all, match: \"*\", targets: [{upstream: a}]}]\n");
  }

  static int connect_unix(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
  }

  Certificate authority_ = make_authority("Test CA");
  Certificate leaf_ = make_leaf(authority_, {.not_after = std::chrono::hours(24 * 30)});
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

TEST_F(ListenTest, serves_on_a_unix_socket_which_a_second_one_does_not_take) {
  const std::string path = folder() + "/d.sock";
  serve("listen: [{port: 0}, {unix: d.sock, unix_mode: 0600}]\n");
  EXPECT_THAT(ready_line_, HasSubstr("/v1, unix:" + path));
  RawSocket caller(RawSocket::Adopt{connect_unix(path)});
  caller.say("GET /healthz HTTP/1.1\r\nHost: anything.example\r\n\r\n");
  EXPECT_EQ(hear_answer(caller).body, "ok\n") << "no web page reaches a Unix socket, so its host is free";
  const Ended second = run_dujiang(
      {.arguments = {"serve", "--config", folder() + "/gateway.yaml", "--listen", "127.0.0.1:0"}});
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.error, "dujiang: cannot listen on " + path +
                              ": another program listens there; end it, or name another path\n");
  gateway_->signal(SIGTERM);
  EXPECT_EQ(gateway_->wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ListenTest, replaces_the_socket_of_a_gateway_that_was_killed) {
  const std::string path = folder() + "/d.sock";
  const std::string listen = "listen: [{port: 0}, {unix: d.sock}]\n";
  serve(listen);
  gateway_->signal(SIGKILL);
  gateway_->wait();
  ASSERT_TRUE(std::filesystem::exists(path));
  serve(listen);
  EXPECT_GE(connect_unix(path), 0);
}

TEST_F(ListenTest, says_what_is_wrong_with_an_address) {
  for (const auto& [address, says] :
       {std::pair{"192.0.2.1:8080", "192.0.2.1:8080: this machine has no such address"},
        std::pair{"127.0.0.1:99999", "--listen: is `127.0.0.1:99999`, but must be like"}}) {
    const Ended ended =
        run_dujiang({.arguments = {"serve", "--config", insecure_file(), "--listen", address}});
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.error, HasSubstr(says));
  }
}

}  // namespace
}  // namespace dujiang::testing
