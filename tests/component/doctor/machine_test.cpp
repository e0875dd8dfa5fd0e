// What the doctor finds of this machine, and what it takes from a configuration.
#include "doctor/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "doctor/doctor.hpp"
#include "support/certificates.hpp"
#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"
#include "support/run.hpp"

namespace dujiang::testing {
namespace {

using diagnosis::Finding;
using diagnosis::Level;
using diagnosis::ProxySeen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MachineTest : public ::testing::Test {
 protected:
  Finding listener_at(std::uint16_t port) {
    config::Config config;
    config.listen.port = port;
    return run(loop_, doctor::examine_machine(loop_, config)).findings.front();
  }

  runtime::EpollLoop loop_{1};
};

TEST_F(MachineTest, FindsAFreeAddressFree) {
  EXPECT_EQ(listener_at(0).found, "127.0.0.1:0: there will be a free port");
  const std::uint16_t port = ClosedPort().port();
  EXPECT_EQ(listener_at(port).level, Level::ok);
}

TEST_F(MachineTest, KnowsAGatewayThatServesThereFromAnotherProgram) {
  const GatewayRig gateway(settings_for({{.name = "main", .port = 9}}));
  const std::uint16_t port = gateway.port();
  EXPECT_EQ(listener_at(port).level, Level::ok);
  EXPECT_THAT(listener_at(port).found, HasSubstr("a gateway serves there"));

  const RawUpstream other(says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(listener_at(other.port()).level, Level::fail);
  EXPECT_THAT(listener_at(other.port()).found, HasSubstr("in use by another program"));
}

config::Environment environment(std::map<std::string, std::string> variables) {
  config::Environment made;
  made.variable = [variables = std::move(variables)](const std::string& name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  return made;
}

constexpr const char* kYaml = R"(version: 1
upstreams:
  - {name: one, endpoints: [{url: "https://a.test"}, {url: "https://b.test"}], api_key: sk-of-a-test-1234}
  - {name: two, base_url: "https://c.test", proxy: none, pass_through_key: true}
routes:
  - {name: chat, match: [x, "y-*"], targets: [{upstream: one, model: m}, {upstream: two}]}
)";

TEST(EndpointCases, AreEachEndpointWithItsProxyAndTheModelsThatRoutesName) {
  const config::Environment from =
      environment({{"HTTPS_PROXY", "http://u:p@proxy.lan"}, {"NO_PROXY", "b.test"}});
  const config::Config config = config::parse(kYaml, from).value();
  const auto cases = doctor::endpoint_cases(config, {}, from);
  ASSERT_EQ(cases.size(), 3u);
  EXPECT_EQ(cases[0].spec->endpoints.front().url, "https://a.test");
  EXPECT_EQ(cases[0].spec->endpoints.size(), 1u);
  EXPECT_EQ(cases[0].proxy.why, ProxySeen::Why::environment);
  EXPECT_EQ(cases[0].proxy.variable, "HTTPS_PROXY");
  EXPECT_EQ(cases[0].proxy.proxy, "proxy.lan:3128") << "without its password";
  EXPECT_EQ(cases[1].proxy.why, ProxySeen::Why::exempt);
  EXPECT_EQ(cases[2].proxy.why, ProxySeen::Why::configured_off);
  EXPECT_THAT(cases[0].wanted.by_target, ElementsAre("m"));
  EXPECT_THAT(cases[2].wanted.by_route, ElementsAre("x"));
}

TEST(EndpointCases, AreThoseOfTheUpstreamThatIsNamedWithTheKeyThatIsGiven) {
  const config::Environment from = environment({{"MY_KEY", "sk-my-own-key-5678"}});
  const config::Config config = config::parse(kYaml, from).value();
  const auto cases = doctor::endpoint_cases(config, {.upstream = "two", .key_env = "MY_KEY"}, from);
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].spec->name, "two");
  EXPECT_EQ(cases[0].callers_key.value().masked(), "****5678");
  const auto without = doctor::endpoint_cases(config, {.key_env = "NOT_SET"}, from);
  EXPECT_FALSE(without[2].callers_key);
  EXPECT_THAT(without[2].no_key.found, HasSubstr("NOT_SET"));
}

}  // namespace
}  // namespace dujiang::testing
