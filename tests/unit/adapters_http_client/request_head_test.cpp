#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/http/client_request_head.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::http::Headers;
using ::testing::HasSubstr;
using ::testing::Not;

base::Result<std::string> head(const Headers& headers, std::string_view method = "POST",
                               std::string_view target = "/v1/chat", std::size_t body_size = 2) {
  return write_request_head({.method = method,
                             .target = target,
                             .authority = "a.test",
                             .headers = headers,
                             .body_size = body_size});
}

TEST(RequestHead, IsWrittenToTheByte) {
  EXPECT_EQ(head({{"Content-Type", "application/json"}, {"authorization", "Bearer x"}}).value(),
            "POST /v1/chat HTTP/1.1\r\n"
            "Host: a.test\r\n"
            "Content-Type: application/json\r\n"
            "authorization: Bearer x\r\n"
            "Accept-Encoding: identity\r\n"
            "Content-Length: 2\r\n"
            "\r\n");
}

TEST(RequestHead, LeavesOutWhatBelongsToOneConnection) {
  const auto text = head({{"Host", "evil.test"},
                          {"content-length", "99"},
                          {"Transfer-Encoding", "chunked"},
                          {"Connection", "close"},
                          {"Keep-Alive", "timeout=1"},
                          {"TE", "trailers"},
                          {"Upgrade", "h2c"},
                          {"Expect", "100-continue"}})
                        .value();
  EXPECT_EQ(text, head({}).value());
}

TEST(RequestHead, KeepsTheCallersAcceptEncoding) {
  const auto text = head({{"accept-encoding", "gzip"}}).value();
  EXPECT_THAT(text, HasSubstr("accept-encoding: gzip\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("identity")));
}

TEST(RequestHead, SaysThatAPostIsEmptyButNotThatAGetIs) {
  EXPECT_THAT(head({}, "POST", "/", 0).value(), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(head({}, "GET", "/", 0).value(), Not(HasSubstr("Content-Length")));
}

TEST(RequestHead, RefusesWhatWouldBreakOutOfItsLine) {
  EXPECT_THAT(head({{"x-a", "1\r\nx-b: 2"}}).error().message, HasSubstr("'x-a'"));
  EXPECT_FALSE(head({{"x-a\r\n", "1"}}));
  EXPECT_FALSE(head({{"", "1"}}));
  EXPECT_FALSE(head({}, "GET /x HTTP/1.1\r\n\r\nGET", "/"));
  EXPECT_FALSE(head({}, "GET", "/a b"));
  EXPECT_FALSE(head({}, "GET", "/a\r\nb: c"));
  EXPECT_FALSE(head({}, "GET", "http://b.test/"));
}

}  // namespace
}  // namespace dujiang::adapters::http
