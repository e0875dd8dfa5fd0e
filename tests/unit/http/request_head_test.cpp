#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "http/head_parser.hpp"

namespace dujiang::http {
namespace {

using namespace std::string_literals;

// Everything that a parser says, in one comparable value.
std::string verdict(const RequestHeadParser& parser) {
  if (parser.state() == HeadState::more) return "more";
  if (parser.state() == HeadState::failed) {
    return std::to_string(parser.error().status) + " " + std::string(parser.error().message);
  }
  std::string text = std::string(parser.method()) + " " + std::string(parser.path()) + " ?" +
                     std::string(parser.query()) + " @" + std::string(parser.host()) + " 1." +
                     std::to_string(parser.minor_version()) + (parser.keep_alive() ? " keep" : " close");
  text += " body" + std::to_string(static_cast<int>(parser.body().kind)) + ":" +
          std::to_string(parser.body().length);
  text += " expect" + std::to_string(static_cast<int>(parser.expect()));
  text += " size" + std::to_string(parser.head_size());
  for (const Field& field : parser.headers())
    text.append("|").append(field.name).append("=").append(field.value);
  return text;
}

std::string parse_whole(std::string_view bytes, HeadLimits limits = {}) {
  RequestHeadParser parser(limits);
  parser.parse(bytes);
  return verdict(parser);
}

// Parses `bytes` in two reads, the buffer moving in between.
std::string parse_split(std::string_view bytes, std::size_t at, HeadLimits limits) {
  RequestHeadParser parser(limits);
  const std::string first(bytes.substr(0, at));
  parser.parse(first);
  const std::string whole(bytes);
  parser.parse(whole);
  return verdict(parser);
}

std::string parse_byte_by_byte(std::string_view bytes, HeadLimits limits) {
  RequestHeadParser parser(limits);
  std::string buffer;
  for (const char c : bytes) {
    buffer += c;
    parser.parse(buffer);
  }
  return verdict(parser);
}

// The verdict, after checking that no split changes it.
std::string parse(std::string_view bytes, HeadLimits limits = {}) {
  const std::string whole = parse_whole(bytes, limits);
  if (bytes.size() < 2000) {
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      EXPECT_EQ(parse_split(bytes, at, limits), whole) << "split at " << at << " of " << bytes;
    }
  }
  EXPECT_EQ(parse_byte_by_byte(bytes, limits), whole) << bytes;
  return whole;
}

int status_of(std::string_view bytes, HeadLimits limits = {}) {
  const std::string text = parse(bytes, limits);
  return text.size() > 3 && text[3] == ' ' ? std::atoi(text.c_str()) : 0;
}

TEST(RequestHead, YieldsMethodPathQueryHostFieldsAndLength) {
  EXPECT_EQ(parse("POST /v1/chat/completions?a=b&c HTTP/1.1\r\nHost: localhost:80\r\nContent-Length: 12\r\n"
                  "X-Odd:\t two  words \t\r\n\r\n{\"a\": 1}"),
            "POST /v1/chat/completions ?a=b&c @localhost:80 1.1 keep body1:12 expect0 size106"
            "|Host=localhost:80|Content-Length=12|X-Odd=two  words");
}

TEST(RequestHead, ConsumesOnlyTheHeadWhenMoreRequestsFollow) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestHeadParser parser;
  const std::string both = head + head;
  EXPECT_EQ(parser.parse(both), HeadState::done);
  EXPECT_EQ(parser.head_size(), head.size());
}

TEST(RequestHead, ServesTheNextMessageAfterReset) {
  RequestHeadParser parser;
  parser.parse("POST /a?q HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(parser.state(), HeadState::done);
  parser.reset();
  parser.parse("GET /b HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(verdict(parser), "GET /b ? @b 1.1 keep body0:0 expect0 size28|Host=b");
}

TEST(RequestHead, ForgivesOneEmptyLineBeforeTheRequestAndNoMore) {
  EXPECT_EQ(status_of("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestHead, ReadsAnAbsoluteTargetAndPrefersItsHost) {
  EXPECT_EQ(parse("GET http://real:8080/p?q HTTP/1.1\r\nHost: other\r\n\r\n"),
            "GET /p ?q @real:8080 1.1 keep body0:0 expect0 size50|Host=other");
  EXPECT_EQ(parse("GET HTTPS://real?q HTTP/1.1\r\nHost: other\r\n\r\n"),
            "GET / ?q @real 1.1 keep body0:0 expect0 size44|Host=other");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS * ? @a 1.1 keep body0:0 expect0 size31|Host=a");
}

TEST(RequestHead, KeepsTheConnectionAsVersionAndFieldsSay) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    const std::string head =
        "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(connection) + "\r\n";
    return parse(head).find(" keep ") != std::string::npos;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.2", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: te , CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestHead, ReadsTheBodysFraming) {
  const auto body = [](std::string_view field) {
    const std::string text = parse("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n");
    const std::size_t at = text.find("body");
    return at == std::string::npos ? text : text.substr(at, text.find(' ', at) - at);
  };
  EXPECT_EQ(body("X: y"), "body0:0");
  EXPECT_EQ(body("Content-Length: 0"), "body0:0");
  EXPECT_EQ(body("content-length: 9223372036854775807"), "body1:9223372036854775807");
  EXPECT_EQ(body("TRANSFER-ENCODING: Chunked"), "body2:0");
}

TEST(RequestHead, RefusesFramingThatTwoReadersCouldReadDifferently) {
  const auto refused = [](std::string_view fields) {
    return status_of("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n");
  };
  for (const char* bad :
       {"", "+5", "-5", "5 5", "5,5", "0x5", "5a", "9223372036854775808", "99999999999999999999999"}) {
    EXPECT_EQ(refused("Content-Length: "s + bad), 400) << bad;
  }
  EXPECT_EQ(refused("Content-Length: 5\r\nContent-Length: 5"), 400);
  EXPECT_EQ(refused("Content-Length: 5\r\ncontent-length: 6"), 400);
  EXPECT_EQ(refused("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: chunked\r\nContent-Length: 0"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: identity"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: chunked, gzip"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: xchunked"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: \"chunked\""), 400);
  EXPECT_EQ(refused("Transfer-Encoding:"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: gzip, chunked"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: chunked, chunked"), 400);
  EXPECT_EQ(refused("Transfer-Encoding: , chunked"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestHead, RefusesBrokenLines) {
  for (const auto& [bytes, why] : {
           std::tuple{"GET / HTTP/1.1\nHost: a\r\n\r\n"s, "bare LF after the request line"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\n\r\n"s, "bare LF after a field"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\n\n"s, "bare LF at the end"},
           std::tuple{"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s, "bare LF before the request"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"s, "bare CR in a value"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n"s, "two CR"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, "NUL in a value"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"s, "DEL in a value"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n"s, "NUL in a name"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n"s, "space before the colon"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n"s, "tab before the colon"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n"s, "space in a name"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX(): a\r\n\r\n"s, "brackets in a name"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\n\x80: a\r\n\r\n"s, "high byte in a name"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n"s, "no name"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"s, "no colon"},
           std::tuple{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"s, "folded line"},
           std::tuple{"GET / HTTP/1.1\r\n Host: a\r\n\r\n"s, "white space before the first field"},
       }) {
    EXPECT_EQ(status_of(bytes), 400) << why;
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\r\nEmpty:\r\n\r\n"), 0);
}

TEST(RequestHead, RefusesBrokenRequestLines) {
  const auto line = [](const std::string& text) { return status_of(text + "\r\nHost: a\r\n\r\n"); };
  EXPECT_EQ(line("GET / HTTP/1.1"), 0);
  EXPECT_EQ(line("FROB-NICATE /a%20b?%C3%A9 HTTP/1.1"), 0);
  for (const std::string& bad : {"GET"s,
                                 "GET /"s,
                                 "GET  / HTTP/1.1"s,
                                 "GET /  HTTP/1.1"s,
                                 "GET / HTTP/1.1 "s,
                                 " GET / HTTP/1.1"s,
                                 "GET\t/ HTTP/1.1"s,
                                 "GE(T / HTTP/1.1"s,
                                 "GET /a b HTTP/1.1"s,
                                 "GET /a#b HTTP/1.1"s,
                                 "GET /\x80 HTTP/1.1"s,
                                 "GET /\0 HTTP/1.1"s,
                                 "GET a HTTP/1.1"s,
                                 "GET * HTTP/1.1"s,
                                 "CONNECT a:443 HTTP/1.1"s,
                                 "GET http:///p HTTP/1.1"s,
                                 "GET http://u@h/p HTTP/1.1"s,
                                 "GET / http/1.1"s,
                                 "GET / HTTP/1"s,
                                 "GET / HTTP/1.10"s,
                                 "GET / HTTP/x.1"s,
                                 "GET / ICY/1.1"s,
                                 std::string(33, 'A') + " / HTTP/1.1"}) {
    EXPECT_EQ(line(bad), 400) << bad;
  }
  EXPECT_EQ(line("GET / HTTP/2.0"), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(RequestHead, SaysAtTheFirstByteThatATlsHandshakeIsNoRequest) {
  const std::string text = parse("\x16\x03\x01");
  EXPECT_NE(text.find("TLS"), std::string::npos) << text;
}

TEST(RequestHead, WantsOneValidHost) {
  const auto hosts = [](const std::string& fields) {
    return status_of("GET / HTTP/1.1\r\n" + fields + "\r\n");
  };
  EXPECT_EQ(hosts("Host: example.com:8080\r\n"), 0);
  EXPECT_EQ(hosts("Host: [::1]:8080\r\n"), 0);
  EXPECT_EQ(hosts(""), 400);
  EXPECT_EQ(hosts("Host:\r\n"), 400);
  EXPECT_EQ(hosts("Host: a\r\nhost: a\r\n"), 400);
  EXPECT_EQ(hosts("Host: a b\r\n"), 400);
  EXPECT_EQ(hosts("Host: a/b\r\n"), 400);
  EXPECT_EQ(hosts("Host: u@a\r\n"), 400);
  EXPECT_EQ(hosts("Host: a:b\r\n"), 400);
  EXPECT_EQ(hosts("Host: [::1\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
}

TEST(RequestHead, KnowsOneExpectation) {
  const auto expects = [](const std::string& version, const std::string& fields) {
    const std::string text = parse("POST / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n");
    return text.substr(text.find("expect"), 7);
  };
  EXPECT_EQ(expects("1.1", ""), "expect0");
  EXPECT_EQ(expects("1.1", "Expect: 100-Continue\r\n"), "expect1");
  EXPECT_EQ(expects("1.1", "Expect: 100-continue, more\r\n"), "expect2");
  EXPECT_EQ(expects("1.1", "Expect: 100-continue\r\nExpect: 100-continue\r\n"), "expect2");
  EXPECT_EQ(expects("1.1", "Expect: payment\r\n"), "expect2");
  EXPECT_EQ(expects("1.0", "Expect: 100-continue\r\n"), "expect0");
}

TEST(RequestHead, TellsATooLongTargetFromATooLargeHead) {
  const HeadLimits limits{.head_bytes = 400, .target_bytes = 100, .fields = 4};
  const auto with_target = [&](std::size_t size) {
    return status_of("GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits);
  };
  EXPECT_EQ(with_target(100), 0);
  EXPECT_EQ(with_target(101), 414);
  EXPECT_EQ(with_target(150), 414);
  EXPECT_EQ(status_of("GET /" + std::string(1000, 'x'), limits), 414);

  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const auto with_head = [&](std::size_t size) {
    return status_of(start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n", limits);
  };
  EXPECT_EQ(with_head(400), 0);
  EXPECT_EQ(with_head(401), 431);
  EXPECT_EQ(with_head(402), 431);
  EXPECT_EQ(status_of(start + std::string(1000, 'x'), limits), 431);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nB:\r\nC:\r\nD:\r\n\r\n", limits), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n", limits), 431);
}

TEST(RequestHead, ATargetBeyondTheHeadsLimitIsATooLongTarget) {
  EXPECT_EQ(
      status_of("GET /" + std::string(200, 'x') + " HTTP/1.1\r\n", {.head_bytes = 100, .target_bytes = 1000}),
      414);
}

TEST(RequestHead, SettledInItsFieldsNeedsTheBufferNoMore) {
  RequestHeadParser parser;
  auto bytes =
      std::make_unique<std::string>("POST /v1/chat?a=b HTTP/1.1\r\nHost: here\r\nX-One: 1\r\n\r\nbody");
  parser.parse(*bytes);
  Headers headers;
  parser.settle_in(headers);
  bytes.reset();
  EXPECT_EQ(parser.method(), "POST");
  EXPECT_EQ(parser.path(), "/v1/chat");
  EXPECT_EQ(parser.query(), "a=b");
  EXPECT_EQ(parser.host(), "here");
  EXPECT_EQ(headers.get("x-one"), "1");
}

}  // namespace
}  // namespace dujiang::http
