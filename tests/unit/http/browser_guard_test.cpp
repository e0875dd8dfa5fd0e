#include "http/browser_guard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::http {
namespace {

const BrowserGuardSettings listed{.allowed_hosts = {"gateway.lan", "exact.lan:8080"},
                                  .allowed_origins = {"https://chat.example.com"}};

// 0 when the request may pass.
int check(std::string_view method, std::string_view host, const Headers& headers, bool on_loopback = true,
          const BrowserGuardSettings& settings = listed) {
  const auto refusal = check_browser({.method = method,
                                      .host = host,
                                      .headers = headers,
                                      .has_body = method == "POST",
                                      .on_loopback = on_loopback},
                                     settings);
  if (!refusal) return 0;
  EXPECT_FALSE(refusal->message.empty());
  EXPECT_FALSE(refusal->code.empty());
  return refusal->status;
}

const Field json{"Content-Type", "application/json"};

TEST(BrowserGuard, AProgramThatIsNoBrowserPasses) {
  EXPECT_EQ(check("POST", "localhost:8080", {json}), 0);
  EXPECT_EQ(check("GET", "127.0.0.1:8080", {}), 0);
  EXPECT_EQ(check("GET", "", {}), 0);
}

TEST(BrowserGuard, APostNeedsJsonWhateverItsParameters) {
  EXPECT_EQ(check("POST", "localhost", {{"content-type", "Application/JSON ; charset=utf-8"}}), 0);
  EXPECT_EQ(check("POST", "localhost", {}), 415);
  for (const char* bad : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                          "text/plain; application/json", "application/json, text/plain"}) {
    EXPECT_EQ(check("POST", "localhost", {{"content-type", bad}}), 415) << bad;
  }
  EXPECT_EQ(check("POST", "localhost", {json, {"content-type", "text/plain"}}), 415);
}

TEST(BrowserGuard, APostWithoutBodyNeedsNoContentType) {
  const Headers none;
  EXPECT_FALSE(
      check_browser({.method = "POST", .host = "localhost", .headers = none, .on_loopback = true}, {}));
}

TEST(BrowserGuard, AForeignOriginIsRefused) {
  for (const char* bad :
       {"https://evil.example", "null", "", "http://localhost:9999", "https://localhost:8080.evil.example",
        "ftp://localhost:8080", "https://chat.example.com.evil.example"}) {
    EXPECT_EQ(check("POST", "localhost:8080", {json, {"Origin", bad}}), 403) << bad;
    EXPECT_EQ(check("GET", "localhost:8080", {{"Origin", bad}}), 403) << bad;
  }
  EXPECT_EQ(check("POST", "localhost:8080", {json, {"Origin", "https://chat.example.com"}}), 0);
  EXPECT_EQ(check("POST", "localhost:8080", {json, {"Origin", "http://LOCALHOST:8080"}}), 0);
  EXPECT_EQ(check("POST", "localhost:8080",
                  {json, {"Origin", "http://localhost:8080"}, {"Origin", "https://evil.example"}}),
            403);
}

TEST(BrowserGuard, ComparesOriginsWithTheirDefaultPorts) {
  EXPECT_EQ(check("POST", "a.example", {json, {"Origin", "http://a.example:80"}}, false), 0);
  EXPECT_EQ(check("POST", "a.example:443", {json, {"Origin", "https://a.example"}}, false), 0);
  EXPECT_EQ(check("POST", "a.example:8080", {json, {"Origin", "https://a.example"}}, false), 403);
}

TEST(BrowserGuard, AReboundNameIsRefusedOnLoopbackOnly) {
  EXPECT_EQ(check("GET", "evil.example:8080", {}), 403);
  EXPECT_EQ(check("GET", "evil.example:8080", {}, false), 0);
  EXPECT_EQ(check("POST", "evil.example:8080", {json, {"Origin", "http://evil.example:8080"}}), 403);
  EXPECT_EQ(check("GET", "gateway.lan:1234", {}), 0);
  EXPECT_EQ(check("GET", "exact.lan:8080", {}), 0);
  EXPECT_EQ(check("GET", "exact.lan:8081", {}), 403);
}

TEST(BrowserGuard, AStarAllowsAll) {
  const BrowserGuardSettings all{.allowed_hosts = {"*"}, .allowed_origins = {"*"}};
  EXPECT_EQ(check("POST", "evil.example", {json, {"Origin", "https://evil.example"}}, true, all), 0);
}

TEST(BrowserGuard, ALongNameIsCutInTheMessage) {
  const std::string host(5000, 'a');
  const Headers none;
  const auto refusal =
      check_browser({.method = "GET", .host = host, .headers = none, .on_loopback = true}, {});
  EXPECT_LT(refusal.value().message.size(), 400u);
}

}  // namespace
}  // namespace dujiang::http
