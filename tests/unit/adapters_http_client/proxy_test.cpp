#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "adapters/http/client_proxy.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProxyUrl, IsTakenApart) {
  const auto url = parse_proxy_url("http://proxy.lan:8080");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "proxy.lan");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->name, "proxy.lan:8080");
  EXPECT_EQ(url->authorization, "");
}

TEST(ProxyUrl, MayLeaveOutSchemeAndPort) {
  EXPECT_EQ(parse_proxy_url("proxy.lan").value().name, "proxy.lan:3128");
  EXPECT_EQ(parse_proxy_url("proxy.lan:80/").value().name, "proxy.lan:80");
  EXPECT_EQ(parse_proxy_url("http://[::1]:80").value().name, "[::1]:80");
}

TEST(ProxyUrl, SendsUserAndPasswordAsBasicAuthorization) {
  // RFC 7617, section 2.
  EXPECT_EQ(parse_proxy_url("http://Aladdin:open%20sesame@p").value().authorization,
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(ProxyUrl, IsRefusedWithoutShowingAPassword) {
  for (const std::string_view text :
       {"socks5://u:hunter2@p", "https://u:hunter2@p", "http://u:hunter2@", "http://u:hunter2@p:0",
        "http://u:hunter2@p/path", "http://u:hunter2@p?q", "http://u:hunter2@p:port", "http://"}) {
    const auto url = parse_proxy_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, HasSubstr("looks like http://proxy.lan:3128")) << text;
    EXPECT_THAT(url.error().message, Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(ProxyUrl, IsMaskedWhereItHoldsAPassword) {
  EXPECT_EQ(masked_proxy_url("http://u:hunter2@p:1"), "http://****:****@p:1");
  EXPECT_EQ(masked_proxy_url("u:hunter2@p:1"), "****:****@p:1");
  EXPECT_EQ(masked_proxy_url("http://p:1"), "http://p:1");
}

TEST(NoProxy, HasNamesWithAllBelowThem) {
  for (const std::string_view entry : {"lan", ".lan", "*.lan", "LAN", "a, lan ,b", "a lan"}) {
    EXPECT_TRUE(is_exempt(entry, "lan", 443)) << entry;
    EXPECT_TRUE(is_exempt(entry, "gpu.lan", 443)) << entry;
    EXPECT_FALSE(is_exempt(entry, "gpulan", 443)) << entry;
    EXPECT_FALSE(is_exempt(entry, "lan.example", 443)) << entry;
  }
  EXPECT_TRUE(is_exempt("*", "anything", 1));
  EXPECT_FALSE(is_exempt("", "anything", 1));
  EXPECT_FALSE(is_exempt(", ,", "anything", 1));
}

TEST(NoProxy, HasPorts) {
  EXPECT_TRUE(is_exempt("gpu.lan:8000", "gpu.lan", 8000));
  EXPECT_FALSE(is_exempt("gpu.lan:8000", "gpu.lan", 443));
  EXPECT_TRUE(is_exempt("[fd00::1]:8000", "fd00::1", 8000));
  EXPECT_FALSE(is_exempt("[fd00::1]:8000", "fd00::1", 443));
}

TEST(NoProxy, HasAddressesAndNetworks) {
  EXPECT_TRUE(is_exempt("10.1.2.3", "10.1.2.3", 1));
  EXPECT_FALSE(is_exempt("10.1.2.3", "10.1.2.4", 1));
  EXPECT_TRUE(is_exempt("10.0.0.0/8", "10.200.1.1", 1));
  EXPECT_FALSE(is_exempt("10.0.0.0/8", "11.0.0.1", 1));
  EXPECT_TRUE(is_exempt("192.168.4.0/22", "192.168.7.255", 1));
  EXPECT_FALSE(is_exempt("192.168.4.0/22", "192.168.8.0", 1));
  EXPECT_TRUE(is_exempt("fd00::/8", "fdff::1", 1));
  EXPECT_TRUE(is_exempt("fd00::1", "fd00:0::0:1", 1)) << "the same address, written otherwise";
  EXPECT_FALSE(is_exempt("10.0.0.0/8", "fd00::1", 1));
  EXPECT_FALSE(is_exempt("10.0.0.0/33", "10.0.0.1", 1));
  EXPECT_FALSE(is_exempt("10.0.0.0/", "10.0.0.1", 1));
  EXPECT_FALSE(is_exempt("2.3", "10.1.2.3", 1)) << "an address has no names below it";
}

class EnvironmentTest : public ::testing::Test {
 protected:
  EnvironmentProxy look(const std::string& url) {
    return proxy_from_environment(parse_base_url(url).value(), [this](const std::string& name) {
      const auto it = variables_.find(name);
      return it == variables_.end() ? std::nullopt : std::optional(it->second);
    });
  }
  std::string proxy_of(const std::string& url) {
    const EnvironmentProxy found = look(url);
    return found.says == EnvironmentProxy::Says::named ? found.variable + "=" + found.url : "";
  }

  std::map<std::string, std::string> variables_;
};

TEST_F(EnvironmentTest, NamesAProxyForEachSchemeAndOneForBoth) {
  variables_ = {{"HTTPS_PROXY", "s"}, {"HTTP_PROXY", "p"}};
  EXPECT_EQ(proxy_of("https://api.example"), "HTTPS_PROXY=s");
  EXPECT_EQ(proxy_of("http://api.example"), "HTTP_PROXY=p");
  variables_ = {{"ALL_PROXY", "a"}};
  EXPECT_EQ(proxy_of("https://api.example"), "ALL_PROXY=a");
  EXPECT_EQ(proxy_of("http://api.example"), "ALL_PROXY=a");
  variables_ = {};
  EXPECT_EQ(proxy_of("https://api.example"), "");
}

TEST_F(EnvironmentTest, PutsLowerCaseFirstAndTakesAnEmptyVariableForNone) {
  variables_ = {{"https_proxy", "low"}, {"HTTPS_PROXY", "UP"}};
  EXPECT_EQ(proxy_of("https://api.example"), "https_proxy=low");
  variables_ = {{"https_proxy", ""}, {"HTTPS_PROXY", ""}};
  EXPECT_EQ(proxy_of("https://api.example"), "");
}

TEST_F(EnvironmentTest, ExemptsWhomNoProxyNamesAndThisMachine) {
  variables_ = {{"ALL_PROXY", "a"}, {"no_proxy", "lan"}};
  EXPECT_EQ(proxy_of("https://gpu.lan"), "");
  EXPECT_EQ(proxy_of("https://api.example"), "ALL_PROXY=a");
  for (const std::string host : {"localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    EXPECT_EQ(proxy_of("http://" + host + ":8000"), "") << host;
  }
}

TEST_F(EnvironmentTest, SaysWhyAnEndpointHasNoProxy) {
  using Says = EnvironmentProxy::Says;
  EXPECT_EQ(look("https://api.example").says, Says::nothing);
  variables_ = {{"NO_PROXY", "lan"}};
  EXPECT_EQ(look("https://gpu.lan").says, Says::nothing) << "nothing to be exempt from";
  variables_ = {{"ALL_PROXY", "a"}, {"no_proxy", "lan"}};
  EXPECT_EQ(look("https://gpu.lan").says, Says::exempt);
  EXPECT_EQ(look("https://gpu.lan").variable, "no_proxy");
  EXPECT_EQ(look("https://localhost").says, Says::this_machine);
}

}  // namespace
}  // namespace dujiang::adapters::http
