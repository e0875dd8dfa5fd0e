// The places where callers reach the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/certificates.hpp"
#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

using ::testing::HasSubstr;

Config parsed(const std::string& top, const FakeEnvironment& environment = {},
              const Overrides& overrides = {}) {
  const auto config = parse(top + std::string(kLeast), environment.get(), overrides);
  EXPECT_TRUE(config) << to_text("f.yaml", config ? Problems{} : config.error());
  return config.value_or(Config{});
}

// Two good pairs in files, one of them of a certificate that has expired.
FakeEnvironment with_certificates() {
  using namespace std::chrono_literals;
  const testing::Certificate good = testing::make_self_signed();
  const testing::Certificate old = testing::make_self_signed({.not_before = -2h, .not_after = -1h});
  return {{},
          {{"good.pem", good.certificate},
           {"good.key", good.key},
           {"old.pem", old.certificate},
           {"old.key", old.key},
           {"bare.txt", "nothing"}}};
}

constexpr const char* kTls = "tls: {certificate: good.pem, key: good.key}";

TEST(Listen, is_one_place_or_several) {
  const FakeEnvironment files = with_certificates();
  const Config one = parsed("listen: {port: 1}\n");
  EXPECT_EQ(one.listen.port, 1);
  EXPECT_TRUE(one.listen.also.empty());
  EXPECT_FALSE(one.listen.tls);
  const Config more =
      parsed("listen:\n  port: 1\n  max_head: 8KiB\n  also:\n    - {address: \"::1\", port: 2, " +
                 std::string(kTls) + "}\n    - {port: 3}\n",
             files);
  ASSERT_EQ(more.listen.also.size(), 2u);
  EXPECT_EQ(more.listen.also[0].address, "::1");
  EXPECT_EQ(more.listen.also[0].port, 2);
  ASSERT_TRUE(more.listen.also[0].tls);
  EXPECT_EQ(more.listen.also[0].tls->certificate, "good.pem");
  EXPECT_EQ(more.listen.also[1].address, "127.0.0.1");
  EXPECT_EQ(more.listen.also[1].port, 3);
}

TEST(Listen, may_be_a_list_whose_first_place_has_the_limits) {
  const std::string list = "listen:\n  - {port: 1, max_head: 8KiB}\n  - {port: 2}\n";
  const Config config = parsed(list);
  EXPECT_EQ(config.listen.port, 1);
  EXPECT_EQ(config.listen.server.max_head_bytes, 8u << 10);
  ASSERT_EQ(config.listen.also.size(), 1u);
  EXPECT_EQ(config.listen.also[0].port, 2);
  EXPECT_THAT(problems_of("listen:\n  - {port: 1}\n  - {port: 2, max_head: 8KiB}\n" + std::string(kLeast)),
              HasSubstr("f.yaml:3: listen.also[0].max_head: is not a known key"));
  const std::string printed = effective_yaml(config);
  EXPECT_THAT(printed, HasSubstr("  also:\n    - address: "));
  EXPECT_EQ(effective_yaml(parse(printed, FakeEnvironment{}.get()).value()), printed);
}

TEST(Listen, finds_certificates_where_the_configuration_stands) {
  FakeEnvironment files = with_certificates();
  files.files["/etc/dujiang/good.pem"] = files.files["good.pem"];
  files.files["/etc/dujiang/good.key"] = files.files["good.key"];
  Environment inside = files.get();
  inside.folder = "/etc/dujiang";
  const auto config = parse("listen: {" + std::string(kTls) + "}\n" + std::string(kLeast), inside);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen.tls->key, "/etc/dujiang/good.key");
}

TEST(Listen, names_the_file_of_a_certificate_that_is_no_good) {
  const FakeEnvironment files = with_certificates();
  struct {
    std::string tls;
    std::string says;
  } const cases[] = {
      {"{certificate: none.pem, key: good.key}",
       "f.yaml:3: listen.tls.certificate: the file none.pem cannot be read: No such file or directory\n"},
      {"{certificate: good.pem, key: none.key}",
       "f.yaml:3: listen.tls.key: the file none.key cannot be read: No such file or directory\n"},
      {"{certificate: bare.txt, key: good.key}",
       "f.yaml:3: listen.tls.certificate: the file bare.txt holds no certificate in PEM form\n"},
      {"{certificate: good.pem, key: bare.txt}",
       "f.yaml:3: listen.tls.key: the file bare.txt holds no private key in PEM form\n"},
      {"{certificate: good.pem, key: old.key}",
       "f.yaml:3: listen.tls.key: the file old.key does not belong to the certificate; give the key that the "
       "certificate was made for\n"},
      {"{certificate: old.pem, key: old.key}",
       "f.yaml:3: listen.tls.certificate: the file old.pem holds a certificate that expired on "},
      {"{certificate: good.pem}",
       "f.yaml:3: listen.tls.key: is missing; it must be text of 1 to 4096 bytes on one line\n"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(problems_of("listen:\n  port: 1\n  tls: " + one.tls + "\n" + std::string(kLeast), files),
                HasSubstr(one.says));
  }
  EXPECT_THAT(
      problems_of("listen: [{}, {tls: {certificate: good.pem, key: none.key}}]\n" + std::string(kLeast),
                  files),
      HasSubstr("f.yaml:1: listen.also[0].tls.key: the file none.key cannot be read"));
}

TEST(Listen, warns_of_a_certificate_that_ends_soon_and_of_a_key_that_all_can_read) {
  const FakeEnvironment files = with_certificates();
  const auto warnings = [&](unsigned bits) {
    Environment environment = files.get();
    environment.permissions = [bits](const std::string&) { return bits; };
    return parse("listen: {" + std::string(kTls) + "}\n" + std::string(kLeast), environment).value().warnings;
  };
  const auto ends_soon = ::testing::ContainsRegex(
      "^listen.tls.certificate: the file good.pem holds a certificate that expires on [0-9-]*; renew it$");
  EXPECT_THAT(warnings(0640), ::testing::ElementsAre(ends_soon));
  EXPECT_THAT(warnings(0644),
              ::testing::ElementsAre(
                  ends_soon, "listen.tls.key: the file good.key can be read by every user; chmod 640 it"));
}

TEST(Listen, may_be_a_unix_socket_instead_of_an_address) {
  const Config config = parsed("listen: [{unix: /run/d/d.sock, unix_mode: 0600}, {port: 2}]\n");
  EXPECT_EQ(config.listen.unix_path, "/run/d/d.sock");
  EXPECT_EQ(config.listen.unix_mode, 0600u);
  const std::string printed = effective_yaml(config);
  EXPECT_EQ(effective_yaml(parse(printed, FakeEnvironment{}.get()).value()), printed) << printed;
  EXPECT_THAT(problems_of("listen:\n  unix: /run/d.sock\n  port: 80\n" + std::string(kLeast)),
              HasSubstr("f.yaml:3: listen.port: stands beside `unix`"));
  EXPECT_THAT(problems_of("listen: {unix: /" + std::string(107, 'x') + "}\n" + std::string(kLeast)),
              HasSubstr("listen.unix: is longer than the 107 bytes that a socket's path may have"));
  for (std::string_view mode : {"660", "0770"})
    EXPECT_EQ(problems_of("listen: {unix_mode: " + std::string(mode) + "}\n" + std::string(kLeast)), "");
  for (std::string_view mode : {"rw-rw----", "0888", "1777", "6", "-660"}) {
    EXPECT_THAT(problems_of("listen: {unix_mode: " + std::string(mode) + "}\n" + std::string(kLeast)),
                HasSubstr("but must be rights like 0660, from 0000 to 0777"));
  }
}

TEST(Listen, knows_the_load_balancers_that_it_trusts) {
  const Config config =
      parsed("listen: {proxy_protocol: true, trusted_proxies: [10.0.0.0/8, \"::1\", unix]}\n");
  EXPECT_TRUE(config.listen.proxy_protocol);
  EXPECT_EQ(config.listen.server.trusted_proxies.ranges.size(), 2u);
  EXPECT_TRUE(config.listen.server.trusted_proxies.unix_sockets);
  const std::string printed = effective_yaml(config);
  EXPECT_EQ(effective_yaml(parse(printed, FakeEnvironment{}.get()).value()), printed) << printed;
  EXPECT_THAT(
      problems_of("listen:\n  trusted_proxies:\n    - 10.0.0.1/8\n" + std::string(kLeast)),
      HasSubstr("f.yaml:3: listen.trusted_proxies[0]: has bits set behind its prefix of 8; it must be "
                "an address, a block of them like 10.0.0.0/8, or `unix`"));
  EXPECT_THAT(problems_of("listen:\n  proxy_protocol: true\n" + std::string(kLeast)),
              HasSubstr("f.yaml:2: listen.proxy_protocol: closes every connection as long as nobody is in "
                        "`listen.trusted_proxies`"));
}

TEST(Listen, opens_itself_to_pages_of_other_origins_when_told) {
  EXPECT_FALSE(parsed("").listen.server.cors.is_on());
  const Config config = parsed("listen: {cors: {origins: [\"https://a.example\", \"*\"], max_age: 1h}}\n");
  EXPECT_THAT(config.listen.server.cors.origins, ::testing::ElementsAre("https://a.example", "*"));
  EXPECT_EQ(config.listen.server.cors.max_age, std::chrono::hours(1));
  const std::string printed = effective_yaml(config);
  EXPECT_EQ(effective_yaml(parse(printed, FakeEnvironment{}.get()).value()), printed) << printed;
  EXPECT_THAT(problems_of("listen: {cors: {origins: [\"https://a.example/\"]}}\n" + std::string(kLeast)),
              HasSubstr("listen.cors.origins[0]: has more than scheme, host and port"));
}

TEST(Listen, on_the_command_line_goes_before_the_first_address) {
  const Overrides overrides{"127.0.0.1:5"};
  EXPECT_EQ(parsed("listen: {port: 1, also: [{port: 2}]}\n", {}, overrides).listen.port, 5);
  const Config second = parsed("listen: [{unix: /s}, {unix: /t}, {port: 2}]\n", {}, overrides);
  EXPECT_EQ(second.listen.unix_path, "/s");
  EXPECT_EQ(second.listen.also[1].port, 5);
  const Config added = parsed("listen: {unix: /s}\n", {}, overrides);
  ASSERT_EQ(added.listen.also.size(), 1u);
  EXPECT_EQ(added.listen.also[0].port, 5);
}

TEST(Listen, is_loopback_everywhere_or_explicitly_insecure) {
  EXPECT_THAT(problems_of("listen:\n  also:\n    - {address: 0.0.0.0, port: 2}\n" + std::string(kLeast)),
              HasSubstr("f.yaml:3: listen.also[0].address: `0.0.0.0` can be reached from other machines"));
  EXPECT_EQ(problems_of("insecure: true\nlisten: [{}, {address: 0.0.0.0, port: 2}]\n" + std::string(kLeast)),
            "");
}

}  // namespace
}  // namespace dujiang::config
