// Where the proxies of endpoints come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config.hpp"
#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

class Proxies : public ::testing::Test {
 protected:
  // The proxy of the least configuration's endpoint, with `setting` added to its upstream.
  std::string proxy(const std::string& setting) {
    std::string yaml(kLeast);
    yaml.insert(yaml.find("routes:"), "    " + setting + "\n");
    const auto config = parse(yaml, environment_.get());
    if (!config) return to_text("f.yaml", config.error());
    const auto& chosen = config->gateway.upstreams.front().endpoints.front().proxy;
    return chosen ? chosen->reveal() : "none";
  }

  FakeEnvironment environment_{{{"HTTPS_PROXY", "http://env.lan:1"}}, {}};
};

TEST_F(Proxies, come_from_the_environment_unless_the_upstream_says_otherwise) {
  EXPECT_EQ(proxy("proxy: environment"), "http://env.lan:1");
  EXPECT_EQ(proxy("proxy: none"), "none");
  EXPECT_EQ(proxy("proxy: own.lan:2"), "own.lan:2");
  environment_.variables["NO_PROXY"] = "deepseek.com";
  EXPECT_EQ(proxy("proxy: environment"), "none");
}

TEST_F(Proxies, that_are_none_are_refused_without_their_text) {
  environment_.variables["HTTPS_PROXY"] = "socks5://u:hunter2@p";
  const std::string problem = proxy("proxy: environment");
  EXPECT_NE(problem.find(
                "upstreams[0]: its proxy, which HTTPS_PROXY of the environment names, is not an HTTP proxy"),
            std::string::npos)
      << problem;
  EXPECT_EQ(problem.find("hunter2"), std::string::npos);
  EXPECT_NE(proxy("proxy: \"ftp://u:hunter2@p\"").find("upstreams[0].proxy: is not an HTTP proxy"),
            std::string::npos);
}

TEST_F(Proxies, show_no_password) {
  std::string yaml(kLeast);
  yaml.insert(yaml.find("routes:"), "    proxy: http://u:hunter2@p:3128\n");
  const std::string shown = effective_yaml(parse(yaml, environment_.get()).value());
  EXPECT_NE(shown.find("proxy: \"http://****:****@p:3128\""), std::string::npos) << shown;
  EXPECT_TRUE(parse(shown, environment_.get()));
}

}  // namespace
}  // namespace dujiang::config
