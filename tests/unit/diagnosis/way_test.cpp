#include "diagnosis/way.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace dujiang::diagnosis {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Fault = CertificateSeen::Fault;
using Step = WaySeen::Step;
using Trouble = WaySeen::Trouble;

constexpr base::WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25);

// A way without a fault, over IPv6.
WaySeen good() {
  return {.host = "api.test",
          .target = "api.test:443",
          .is_secure = true,
          .addresses = {{"192.0.2.1", false}, {"2001:db8::1", true}, {"192.0.2.2", false}},
          .look_up = 12ms,
          .peer = {"[2001:db8::1]:443", true},
          .connect = 30ms,
          .handshake = 1500ms,
          .tls_version = "TLSv1.3",
          .certificate = CertificateSeen{.subject = "*.test",
                                         .issuer = "Good CA",
                                         .from = kNow - 24h,
                                         .until = kNow + std::chrono::days(90)}};
}

WaySeen failed_at(Step step, std::string failure) {
  WaySeen seen = good();
  seen.step = step;
  seen.failure = std::move(failure);
  return seen;
}

TEST(JudgeWay, TellsOfAddressesOfBothKindsTheConnectionAndTheCertificate) {
  const auto findings = judge_way(good(), kNow);
  ASSERT_EQ(findings.size(), 3u);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.level, Level::ok) << finding.found;
    EXPECT_THAT(finding.advice, IsEmpty());
  }
  EXPECT_EQ(findings[0].found, "api.test: IPv4 192.0.2.1, 192.0.2.2; IPv6 2001:db8::1 (12 ms)");
  EXPECT_EQ(findings[1].found, "[2001:db8::1]:443 over IPv6 in 30 ms");
  EXPECT_EQ(
      findings[2].found,
      "TLS 1.3 in 1.5 s; *.test, signed by Good CA, 90 days left (to 2027-02-23); trusted by the system's "
      "roots");
}

TEST(JudgeWay, SkipsWhatHangsOnTheStepThatFailed) {
  const auto no_name = judge_way(failed_at(Step::name, "api.test does not resolve: no such name"), kNow);
  EXPECT_EQ(no_name[0].level, Level::fail);
  EXPECT_THAT(no_name[0].found, HasSubstr("no such name"));
  EXPECT_THAT(no_name[0].advice, AllOf(HasSubstr("base_url"), HasSubstr("getent hosts api.test")));
  EXPECT_EQ(no_name[1].level, Level::skipped);
  EXPECT_EQ(no_name[2].level, Level::skipped);

  const auto refused =
      judge_way(failed_at(Step::tcp, "api.test:443: 192.0.2.1:443 refuses connections"), kNow);
  EXPECT_EQ(refused[0].level, Level::ok);
  EXPECT_EQ(refused[1].level, Level::fail);
  EXPECT_EQ(refused[2].level, Level::skipped);
}

TEST(JudgeWay, AdvisesByWhatStandsInTheWay) {
  const auto advice = [](WaySeen seen) { return judge_way(seen, kNow)[1].advice; };
  WaySeen seen = failed_at(Step::tcp, "no");
  seen.trouble = Trouble::refused;
  EXPECT_THAT(advice(seen), HasSubstr("is the server up"));
  seen.trouble = Trouble::timed_out;
  EXPECT_THAT(advice(seen),
              AllOf(HasSubstr("firewall"), HasSubstr("HTTPS_PROXY"), HasSubstr("connect_timeout")));
  seen.trouble = Trouble::local;
  EXPECT_THAT(advice(seen), HasSubstr("this machine is out of descriptors"));
  seen.proxy = "proxy.lan:3128";
  seen.trouble = Trouble::refused;
  EXPECT_THAT(advice(seen),
              AllOf(HasSubstr("proxy.lan:3128 is not there"), HasSubstr("api.test in NO_PROXY")));
}

TEST(JudgeWay, TellsOfAProxysTunnelAndOfOneThatIsRefused) {
  WaySeen seen = good();
  seen.proxy = "proxy.lan:3128";
  seen.tunnel = 7ms;
  EXPECT_THAT(judge_way(seen, kNow)[1].found, HasSubstr("its tunnel to api.test:443 in 7 ms"));
  seen.step = Step::tunnel;
  seen.failure = "proxy proxy.lan:3128 did not connect to api.test:443: 403 Forbidden";
  const auto findings = judge_way(seen, kNow);
  EXPECT_EQ(findings[1].level, Level::fail);
  EXPECT_THAT(findings[1].found, HasSubstr("403 Forbidden"));
  EXPECT_THAT(findings[1].advice, HasSubstr("CONNECT to api.test:443"));
  EXPECT_EQ(findings[2].level, Level::skipped);
  seen.failure = "the proxy wants a password; give one";
  EXPECT_EQ(judge_way(seen, kNow)[1].found, "the proxy wants a password");
  EXPECT_EQ(judge_way(seen, kNow)[1].advice, "give one");
}

TEST(JudgeWay, ShowsTheCertificateThatWasRefusedAndAdvisesByItsFault) {
  const auto judged = [](Fault fault, std::string roots = "") {
    WaySeen seen = failed_at(Step::tls, "certificate of api.test is no good; do something");
    seen.fault = fault;
    seen.roots = std::move(roots);
    return judge_way(seen, kNow)[2];
  };
  EXPECT_EQ(judged(Fault::expired).level, Level::fail);
  EXPECT_EQ(
      judged(Fault::expired).found,
      "certificate of api.test is no good: *.test, signed by Good CA, valid from 2026-11-24 to 2027-02-23");
  EXPECT_THAT(judged(Fault::expired).advice, HasSubstr("here it is Wed, 25 Nov 2026 00:00:00 GMT"));
  EXPECT_THAT(judged(Fault::not_yet_valid).advice, HasSubstr("set this machine's clock"));
  EXPECT_THAT(judged(Fault::other_host).advice, HasSubstr("login page"));
  EXPECT_THAT(judged(Fault::untrusted).advice, AllOf(HasSubstr("ca_file"), HasSubstr("ca-certificates")));
  EXPECT_THAT(judged(Fault::untrusted, "/etc/my-ca.pem").advice,
              HasSubstr("/etc/my-ca.pem must hold the CA"));
  EXPECT_THAT(judged(Fault::none).advice, HasSubstr("is it https at this port?"));
}

TEST(JudgeWay, WarnsOfACertificateThatEndsSoon) {
  WaySeen seen = good();
  seen.certificate->until = kNow + std::chrono::days(13);
  const Finding tls = judge_way(seen, kNow)[2];
  EXPECT_EQ(tls.level, Level::warn);
  EXPECT_THAT(tls.found, HasSubstr("13 days left"));
  EXPECT_THAT(tls.advice, HasSubstr("renew"));
}

TEST(JudgeWay, SaysThatPlainHttpIsReadOnTheWayButNotOnThisMachine) {
  WaySeen seen = good();
  seen.is_secure = false;
  EXPECT_THAT(judge_way(seen, kNow).back().found, HasSubstr("plain http"));
  seen.is_here = true;
  EXPECT_EQ(judge_way(seen, kNow).size(), 2u);
}

TEST(JudgeWay, LooksNoAddressUp) {
  WaySeen seen = good();
  seen.host = "192.0.2.1";
  seen.addresses = {{"192.0.2.1", false}};
  EXPECT_EQ(judge_way(seen, kNow)[0].found, "192.0.2.1 is an address; nothing to look up");
}

TEST(JudgeProxy, SaysWhichOneAndWhoNamesIt) {
  using Why = ProxySeen::Why;
  const auto said = [](Why why) {
    return judge_proxy({.why = why, .variable = "VARIABLE", .proxy = "proxy.lan:3128"}).found;
  };
  EXPECT_EQ(said(Why::environment), "proxy.lan:3128, named by VARIABLE");
  EXPECT_EQ(said(Why::configured), "proxy.lan:3128, named by the upstream's `proxy`");
  EXPECT_EQ(said(Why::exempt), "none: VARIABLE lists the host");
  EXPECT_EQ(said(Why::configured_off), "none: the upstream says `proxy: none`");
  EXPECT_THAT(said(Why::this_machine), HasSubstr("never proxied"));
  EXPECT_THAT(said(Why::nobody_names_one), Not(HasSubstr("proxy.lan")));
}

}  // namespace
}  // namespace dujiang::diagnosis
