#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/head_parser.hpp"

namespace dujiang::http {
namespace {

std::string verdict(const ResponseHeadParser& parser) {
  if (parser.state() == HeadState::more) return "more";
  if (parser.state() == HeadState::failed) return "failed: " + std::string(parser.error().message);
  constexpr const char* kKinds[] = {"none", "length", "chunked", "until_close"};
  std::string text = std::to_string(parser.status()) + "," + std::string(parser.reason()) + ",";
  text += kKinds[static_cast<int>(parser.body().kind)];
  text += ":" + std::to_string(parser.body().length) + (parser.keep_alive() ? ",keep" : ",close");
  return text + "," + std::to_string(parser.head_size());
}

// The verdict, after checking that no split changes it.
std::string parse(const std::string& bytes, bool to_head = false) {
  ResponseHeadParser whole(to_head);
  whole.parse(bytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    ResponseHeadParser split(to_head);
    const std::string first = bytes.substr(0, at);
    split.parse(first);
    split.parse(bytes);
    EXPECT_EQ(verdict(split), verdict(whole)) << "split at " << at << " of " << bytes;
  }
  return verdict(whole);
}

bool refused(const std::string& bytes) { return parse(bytes).starts_with("failed"); }

TEST(ResponseHead, ReadsStatusReasonAndFraming) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "200,OK,length:5,keep,38");
  EXPECT_EQ(parse("HTTP/1.1 200 Very Good\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "200,Very Good,chunked:0,keep,54");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n\r\n"), "200,OK,until_close:0,close,19");
  EXPECT_EQ(parse("HTTP/1.1 503 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), "503,,none:0,close,55");
  EXPECT_EQ(parse("HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n"), "503,,none:0,keep,35");
}

TEST(ResponseHead, GivesNoBodyWhereHttpHasNone) {
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\n\r\n"), "204,No Content,none:0,keep,27");
  EXPECT_EQ(parse("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"), "304,x,none:0,keep,37");
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\n"), "100,Continue,none:0,keep,25");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true), "200,OK,none:0,keep,38");
}

TEST(ResponseHead, ClosesHttp10UnlessItSaysKeepAlive) {
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), "200,OK,length:5,close,38");
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"),
            "200,OK,length:5,keep,62");
}

TEST(ResponseHead, RefusesWhatIsNoResponse) {
  for (const char* bad : {"<html>", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n",
                          "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
                          "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                          "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 a\rb\r\n\r\n", "HTTP/1.1 200 OK\n\n"}) {
    EXPECT_TRUE(refused(bad)) << bad;
  }
}

TEST(ResponseHead, RefusesAmbiguousFraming) {
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST(ResponseHead, AnEndlessHeadIsGivenUpAtTheLimit) {
  ResponseHeadParser parser(false, {.head_bytes = 1000});
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  while (bytes.size() < 1000 && parser.parse(bytes) == HeadState::more) bytes += "X: y\r\n";
  EXPECT_EQ(parser.parse(bytes), HeadState::failed);
  EXPECT_LE(bytes.size(), 1006u);
}

}  // namespace
}  // namespace dujiang::http
