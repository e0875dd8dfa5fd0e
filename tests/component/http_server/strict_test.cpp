// What is ambiguous is refused and the connection closed: every way in which two readers of the same bytes
// could come to two different requests, as raw bytes over a real socket. Each row is followed by a request
// that must never be taken for one, and no row may reach the handler.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::string_literals;

struct Row {
  std::string what;
  std::string bytes;
  int status = 400;
};

const std::string kStart = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

std::string with(std::string_view fields, std::string_view body = "") {
  return kStart + std::string(fields) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body) { return with("Transfer-Encoding: chunked", body); }

std::vector<Row> framings() {
  return {
      {"a length and a coding", with("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n")},
      {"a coding and a length", with("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n")},
      {"lengths that differ", with("Content-Length: 2\r\nContent-Length: 3", "{} ")},
      {"lengths that agree", with("Content-Length: 2\r\nContent-Length: 2", "{}")},
      {"a length with a plus", with("Content-Length: +2", "{}")},
      {"a length with a minus", with("Content-Length: -2", "{}")},
      {"a length in hex", with("Content-Length: 0x2", "{}")},
      {"a list of lengths", with("Content-Length: 2, 2", "{}")},
      {"a length beyond 64 bits", with("Content-Length: 18446744073709551618", "{}")},
      {"a length beyond 63 bits", with("Content-Length: 9223372036854775808", "{}")},
      {"a length with a blank in it", with("Content-Length: 1 2", "{}")},
      {"a length with a tab in it", with("Content-Length: 2\t2", "{}")},
      {"an empty length", with("Content-Length:", "{}")},
      {"a length with a fraction", with("Content-Length: 2.0", "{}")},
      {"a length with a letter", with("Content-Length: 2e0", "{}")},
      {"a length in other digits", with("Content-Length: \xd9\xa2", "{}")},
      {"a coding before chunked", with("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")},
      {"a coding after chunked", with("Transfer-Encoding: chunked, gzip", "0\r\n\r\n")},
      {"chunked in two fields",
       with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")},
      {"chunked twice in one field", with("Transfer-Encoding: chunked, chunked", "0\r\n\r\n")},
      {"another coding", with("Transfer-Encoding: identity", "0\r\n\r\n")},
      {"an empty coding", with("Transfer-Encoding:", "0\r\n\r\n")},
      {"a coding in quotes", with("Transfer-Encoding: \"chunked\"", "0\r\n\r\n")},
      {"a coding with a parameter", with("Transfer-Encoding: chunked;q=1", "0\r\n\r\n")},
      {"a coding behind a vertical tab", with("Transfer-Encoding: \x0b"
                                              "chunked",
                                              "0\r\n\r\n")},
      {"a coding behind an empty one", with("Transfer-Encoding: , chunked", "0\r\n\r\n")},
      {"a coding in HTTP/1.0",
       "POST / HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
  };
}

std::vector<Row> lines() {
  return {
      {"a folded line", with("X-A: b\r\n c")},
      {"a line folded with a tab", with("X-A: b\r\n\tContent-Length: 5")},
      {"a folded first field", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n"},
      {"a blank before the colon", with("Content-Length : 2", "{}")},
      {"a tab before the colon", with("Transfer-Encoding\t: chunked", "0\r\n\r\n")},
      {"a line without a colon", with("nonsense")},
      {"a field without a name", with(": value")},
      {"bare line feeds", "GET / HTTP/1.1\nHost: localhost\n\n"},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"},
      {"a bare line feed at the end", "GET / HTTP/1.1\r\nHost: localhost\r\n\n"},
      {"a bare carriage return in a value", with("X: a\rContent-Length: 2")},
      {"a bare carriage return at the end of a value", with("X: a\r")},
      {"a bare carriage return in the first line", "GET /\r HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"NUL in a value", with("X: a\0b"s)},
      {"NUL in a name", with("X\0: b"s)},
      {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"s},
      {"a control in a value", with("X: a\x01"
                                    "b")},
      {"a delete in a value", with("X: \x7f")},
      {"a control in a name", with("X\x1f: b")},
      {"a name with a high byte", with("X\xe9: b")},
      {"a Connection that names all there is", with("Connection: a" + std::string(100, ','))},
      {"two empty lines before the request", "\r\n\r\n" + get("/")},
  };
}

std::vector<Row> requests() {
  const auto line = [](std::string_view text) { return std::string(text) + "\r\nHost: localhost\r\n\r\n"; };
  return {
      {"a method with a bracket", line("G[T / HTTP/1.1")},
      {"a method with a colon", line("GET: / HTTP/1.1")},
      {"a long method", line(std::string(40, 'G') + " / HTTP/1.1")},
      {"a blank before the method", line(" GET / HTTP/1.1")},
      {"a target with a blank", line("GET /a b HTTP/1.1")},
      {"two blanks before the target", line("GET  / HTTP/1.1")},
      {"two blanks before the version", line("GET /  HTTP/1.1")},
      {"a tab for a blank", line("GET\t/ HTTP/1.1")},
      {"a target with a fragment", line("GET /a#b HTTP/1.1")},
      {"a relative target", line("GET a HTTP/1.1")},
      {"a target with a high byte", line("GET /\xc3\xa9 HTTP/1.1")},
      {"a target with a quote", line("GET http:///a HTTP/1.1")},
      {"a target that names a user", line("GET http://me@localhost/ HTTP/1.1")},
      {"an asterisk for GET", line("GET * HTTP/1.1")},
      {"an authority for a target", line("CONNECT localhost:443 HTTP/1.1")},
      {"no version", line("GET /")},
      {"a version in small letters", line("GET / http/1.1")},
      {"a version of one number", line("GET / HTTP/1")},
      {"a version with a blank", line("GET / HTTP/1.1 ")},
      {"another version", line("GET / HTTP/2.0"), 505},
      {"no Host", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"},
      {"two Hosts beside an absolute target",
       "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n"},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {"a Host with a user", "GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n"},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: localhost/a\r\n\r\n"},
      {"a Host with a bad port", "GET / HTTP/1.1\r\nHost: localhost:http\r\n\r\n"},
      {"a list of Hosts", "GET / HTTP/1.1\r\nHost: localhost, other\r\n\r\n"},
      {"a Host with a blank", "GET / HTTP/1.1\r\nHost: local host\r\n\r\n"},
      {"an open bracket in Host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
      {"an unknown expectation", with("Expect: a-miracle\r\nContent-Length: 2", "{}"), 417},
      {"a long target", "GET /" + std::string(20000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
      {"a long field", with("X: " + std::string(70000, 'x')), 431},
      {"many fields", with([] {
         std::string fields;
         for (int i = 0; i < 300; ++i) fields += "X: y\r\n";
         return fields + "Z: z";
       }()),
       431},
      {"a large body", with("Content-Length: 1001"), 413},
      {"a large chunk", chunked("3e9\r\n" + std::string(1001, ' ')), 413},
      {"many chunks", chunked([] {
         std::string body;
         for (int i = 0; i < 1001; ++i) body += "1\r\n \r\n";
         return body;
       }()),
       413},
  };
}

std::vector<Row> chunks() {
  return {
      {"a chunk with a plus", chunked("+2\r\n{}\r\n0\r\n\r\n")},
      {"a chunk with a minus", chunked("-2\r\n{}\r\n0\r\n\r\n")},
      {"a chunk with 0x", chunked("0x2\r\n{}\r\n0\r\n\r\n")},
      {"a blank before the size", chunked(" 2\r\n{}\r\n0\r\n\r\n")},
      {"a blank after the size", chunked("2 \r\n{}\r\n0\r\n\r\n")},
      {"no size", chunked("\r\n{}\r\n0\r\n\r\n")},
      {"a size with an underscore", chunked("0_2\r\n{}\r\n0\r\n\r\n")},
      {"a size beyond 64 bits", chunked("10000000000000002\r\n{}\r\n0\r\n\r\n")},
      {"a size of too many digits", chunked("0000000000000002\r\n{}\r\n0\r\n\r\n")},
      {"a size line that ends with a line feed", chunked("2\n{}\r\n0\r\n\r\n")},
      {"a size line that ends with a carriage return", chunked("2\r{}\r\n0\r\n\r\n")},
      {"a chunk that ends with a line feed", chunked("2\r\n{}\n0\r\n\r\n")},
      {"a chunk that ends with a carriage return", chunked("2\r\n{}\r0\r\n\r\n")},
      {"a chunk longer than its size", chunked("2\r\n{}}\r\n0\r\n\r\n")},
      {"a chunk shorter than its size", chunked("3\r\n{}\r\n0\r\n\r\n")},
      {"a line feed in an extension", chunked("2;a\n{}\r\n0\r\n\r\n")},
      {"a carriage return in an extension", chunked("2;a\rb\r\n{}\r\n0\r\n\r\n")},
      {"NUL in an extension", chunked("2;\0\r\n{}\r\n0\r\n\r\n"s)},
      {"a long extension", chunked("2;" + std::string(300, 'x') + "\r\n{}\r\n0\r\n\r\n")},
      {"a last chunk that ends with a line feed", chunked("2\r\n{}\r\n0\n\r\n")},
      {"an end that is a line feed", chunked("2\r\n{}\r\n0\r\n\n")},
      {"a trailer without a colon", chunked("0\r\nnonsense\r\n\r\n")},
      {"a folded trailer", chunked("0\r\nX: a\r\n b\r\n\r\n")},
      {"a trailer with NUL", chunked("0\r\nX: \0\r\n\r\n"s)},
      {"a trailer with a blank before its colon", chunked("0\r\nX : a\r\n\r\n")},
      {"a long trailer", chunked("0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")},
  };
}

class Strict : public ::testing::TestWithParam<std::vector<Row> (*)()> {};

// Says `bytes` in pieces of `size` and gives the status of the one answer.
int status_of(const TestServer& server, const std::string& bytes, std::size_t size) {
  RawSocket socket = server.connect();
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (!socket.say(std::string_view(bytes).substr(at, size))) break;
  }
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(socket.take_rest(), "") << "a second answer";
  EXPECT_NE(socket.end(), RawSocket::End::timeout) << "the connection stays open";
  return answer.status;
}

TEST_P(Strict, RefusesWhatCouldBeReadInTwoWaysAndNothingBehindIt) {
  TestServer server(always(echo), {.max_body_bytes = 1000});
  for (const Row& row : GetParam()()) {
    SCOPED_TRACE(row.what);
    const std::string bytes = row.bytes + get("/smuggled");
    EXPECT_EQ(status_of(server, bytes, bytes.size()), row.status);
    EXPECT_EQ(status_of(server, bytes, 1 + bytes.size() / 3), row.status);
    if (bytes.size() < 300) EXPECT_EQ(status_of(server, bytes, 1), row.status);
  }
  EXPECT_EQ(server.counts().requests, 0u) << "the handler was asked";
  RawSocket socket = server.connect();
  socket.say(post("/", "{}"));
  EXPECT_EQ(hear_answer(socket).status, 200);
}

INSTANTIATE_TEST_SUITE_P(Of, Strict, ::testing::Values(framings, lines, requests, chunks));

TEST(StrictLimits, WhatIsJustWithinThemIsServed) {
  TestServer server(always(echo), {.max_body_bytes = 1000});
  RawSocket socket = server.connect();
  const std::string body(1000, 'x');
  socket.say(post("/", body));
  EXPECT_EQ(hear_answer(socket).status, 200);
  socket.say(chunked("3E8;a=\"b\"\r\n" + body + "\r\n0\r\nX: y\r\n\r\n"));
  EXPECT_EQ(hear_answer(socket).status, 200);
  socket.say("GET /" + std::string(16383, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(hear_answer(socket).status, 200);
  socket.say("OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  EXPECT_EQ(hear_answer(socket).status, 200);
}

}  // namespace
}  // namespace dujiang::adapters::http
