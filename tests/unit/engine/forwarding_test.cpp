#include "engine/forwarding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dujiang::engine {
namespace {

TEST(UpstreamHeaders, WhatConnectionNamesStaysHere) {
  const http::Headers headers =
      upstream_headers({{"Connection", "keep-alive, X-Private"}, {"x-private", "1"}, {"x-public", "2"}},
                       Vendor::addressed, {});
  EXPECT_FALSE(headers.get("connection"));
  EXPECT_FALSE(headers.get("x-private"));
  EXPECT_EQ(headers.get("x-public"), "2");
}

TEST(UpstreamHeaders, AnotherVendorGetsOnlyWhatItsTargetLists) {
  const std::vector<std::string> listed = {"X-Trace"};
  const http::Headers headers =
      upstream_headers({{"x-trace", "1"}, {"x-other", "2"}, {"User-Agent", "sdk"}}, Vendor::other, listed);
  EXPECT_EQ(headers.get("x-trace"), "1");
  EXPECT_FALSE(headers.get("x-other"));
  EXPECT_EQ(headers.get("user-agent"), "sdk");
}

TEST(UpstreamHeaders, AreAskedForWithoutCompressionWhateverTheCallerTakes) {
  const http::Headers headers = upstream_headers({{"accept-encoding", "gzip, br"}}, Vendor::addressed, {});
  EXPECT_EQ(headers.count("accept-encoding"), 1u);
  EXPECT_EQ(headers.get("accept-encoding"), "identity");
}

TEST(Credentials, AKeyOfAGatewayGoesToNoUpstreamEvenWhereCallersBringTheirOwn) {
  const route::UpstreamSpec upstream{.pass_through_key = true};
  const std::string ours = "dj_abcdefgh_" + std::string(32, 'a');
  const auto sent = [&](const http::Headers& from_caller) {
    http::Headers headers;
    add_credentials(headers, upstream, "", from_caller);
    return std::string(headers.get("authorization").value_or("(none)"));
  };
  EXPECT_EQ(sent({{"Authorization", "Bearer sk-of-the-caller"}}), "Bearer sk-of-the-caller");
  EXPECT_EQ(sent({{"x-api-key", "sk-of-the-caller"}}), "Bearer sk-of-the-caller");
  EXPECT_EQ(sent({{"Authorization", "Bearer " + ours}}), "(none)");
  EXPECT_EQ(sent({{"x-api-key", ours}}), "(none)");
}

TEST(CallerHeaders, CookiesFramingAndTheUpstreamsOwnIdStayBehind) {
  const http::Headers headers = caller_headers({{"Set-Cookie", "a=b"},
                                                {"Content-Length", "3"},
                                                {"Transfer-Encoding", "chunked"},
                                                {"x-request-id", "theirs"},
                                                {"x-dujiang-served-by", "forged"},
                                                {"x-ratelimit-remaining", "7"}});
  EXPECT_FALSE(headers.get("set-cookie"));
  EXPECT_FALSE(headers.get("content-length"));
  EXPECT_FALSE(headers.get("transfer-encoding"));
  EXPECT_FALSE(headers.get("x-request-id"));
  EXPECT_FALSE(headers.get("x-dujiang-served-by"));
  EXPECT_EQ(headers.get("x-ratelimit-remaining"), "7");
}

TEST(UpstreamRequestId, IsDeepSeeksTraceIdWhereThereIsNoOther) {
  EXPECT_EQ(upstream_request_id({{"x-ds-trace-id", "abc"}}), "abc");
  EXPECT_EQ(upstream_request_id({{"Server", "x"}}), "");
}

}  // namespace
}  // namespace dujiang::engine
