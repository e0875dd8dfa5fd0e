#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/http/client_url.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::HasSubstr;

TEST(BaseUrl, TakesTheSchemesPortWhereNoneIsNamed) {
  const auto url = parse_base_url("https://api.deepseek.com");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, BaseUrl::Scheme::https);
  EXPECT_EQ(url->host, "api.deepseek.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->authority, "api.deepseek.com");
  EXPECT_EQ(url->path, "");
  EXPECT_EQ(endpoint_name(*url), "api.deepseek.com:443");
}

TEST(BaseUrl, NamesAnotherPortInTheAuthority) {
  const auto url = parse_base_url("http://127.0.0.1:8000/v1/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 8000);
  EXPECT_EQ(url->authority, "127.0.0.1:8000");
  EXPECT_EQ(url->path, "/v1");
}

TEST(BaseUrl, LeavesTheSchemesOwnPortOutOfTheAuthority) {
  EXPECT_EQ(parse_base_url("http://a.test:80")->authority, "a.test");
  EXPECT_EQ(parse_base_url("https://a.test:443/x")->authority, "a.test");
  EXPECT_EQ(parse_base_url("https://a.test:80")->authority, "a.test:80");
}

TEST(BaseUrl, KeepsBracketsOfAnIp6AddressOutOfTheHost) {
  const auto url = parse_base_url("http://[::1]:8000");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority, "[::1]:8000");
  EXPECT_EQ(endpoint_name(*url), "[::1]:8000");
}

TEST(BaseUrl, RefusesWhatIsNoBaseUrlAndShowsOne) {
  const struct {
    const char* text;
    const char* reason;
  } rows[] = {
      {"", "is not a URL"},
      {"api.deepseek.com", "is not a URL"},
      {"127.0.0.1:8000", "is not a URL"},
      {"ftp://a.test", "begins with neither"},
      {"http:///v1", "names no host"},
      {"http://a%0d%0ab.test", "percent signs"},
      {"http://a b.test", "is not a URL"},
      {"https://user:pass@a.test", "user name or password"},
      {"https://a.test/v1?key=1", "query or a fragment"},
      {"https://a.test/#x", "query or a fragment"},
      {"https://a.test:0", "no usable port"},
      {"https://a.test:70000", "no usable port"},
  };
  for (const auto& row : rows) {
    const auto url = parse_base_url(row.text);
    ASSERT_FALSE(url) << row.text;
    EXPECT_THAT(url.error().message, HasSubstr(row.reason)) << row.text;
    EXPECT_THAT(url.error().message, HasSubstr("https://api.deepseek.com"));
  }
}

TEST(BaseUrl, ShowsNoPasswordWhereItRefusesOne) {
  for (const char* text : {"https://user:sesame@a.test", "user:sesame@a.test", "https://sesame@b@a.test/?x",
                           "ftp://:sesame@a.test", "sesame@", "https://a.test/v1?key=sesame"}) {
    const auto url = parse_base_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, ::testing::Not(HasSubstr("sesame"))) << text;
  }
}

TEST(JoinTarget, PutsOneSlashBetweenPrefixAndTarget) {
  EXPECT_EQ(join_target("", "/chat/completions"), "/chat/completions");
  EXPECT_EQ(join_target("/v1", "/chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(join_target("/v1/", "/chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(join_target("/v1", "chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(join_target("/v1", ""), "/v1/");
  EXPECT_EQ(join_target("", ""), "/");
  EXPECT_EQ(join_target("/a/b", "/c?d=//e"), "/a/b/c?d=//e");
}

}  // namespace
}  // namespace dujiang::adapters::http
