// What bad input gets: a clear answer that the sender can see, and nothing else is disturbed.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

struct Row {
  std::string bytes;
  int status;
  std::string message;  // a part of it
  RefusalReason reason = RefusalReason::bad_request;
};

std::vector<Row> rows() {
  const std::string start = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  return {
      {"nonsense\r\n\r\n", 400, "METHOD"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host header is missing"},
      {"GET / HTTP/1.1\nHost: localhost\n\n", 400, "line feed"},
      {"\x16\x03\x01\x02", 400, "TLS"},
      {"GET / HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"},
      {start + "Content-Length: ten\r\n\r\n", 400, "decimal"},
      {start + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "two Content-Length"},
      {start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "both"},
      {start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "chunked"},
      {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "hexadecimal"},
      {start + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n", 400, "longer than its size"},
      {start + "Content-Length: 1001\r\n\r\n", 413, "1000 bytes", RefusalReason::body_too_large},
      {start + "Content-Length: 99999999999999\r\n\r\n", 413, "1000 bytes", RefusalReason::body_too_large},
      {start + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413, "1000 bytes",
       RefusalReason::body_too_large},
      {start + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, ' '), 413, "1000 bytes",
       RefusalReason::body_too_large},
      {start + "Expect: a-miracle\r\nContent-Length: 2\r\n\r\n", 417, "100-continue",
       RefusalReason::expectation},
      {"GET /" + std::string(20000, 'x') + " HTTP/1.1\r\n", 414, "too long", RefusalReason::head_too_large},
      {start + "X: " + std::string(70000, 'x') + "\r\n", 431, "too large", RefusalReason::head_too_large},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 415, "application/json",
       RefusalReason::browser_guard},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\n"
       "Content-Length: 2\r\n\r\n",
       415, "application/json", RefusalReason::browser_guard},
      {start + "Origin: https://evil.example\r\nContent-Length: 2\r\n\r\n{}", 403, "allowed_origins",
       RefusalReason::browser_guard},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "allowed_hosts", RefusalReason::browser_guard},
  };
}

TEST(Refusals, EachKindOfBadInputGetsItsStatusAndAReasonAndTheConnectionEnds) {
  TestServer server(always(echo), {.max_body_bytes = 1000});
  for (const Row& row : rows()) {
    const std::uint64_t before = server.refused(row.reason);
    RawSocket socket = server.connect();
    socket.say(row.bytes);
    const HttpAnswer answer = hear_answer(socket);
    EXPECT_EQ(answer.status, row.status) << row.bytes.substr(0, 200);
    EXPECT_NE(answer.body.find(row.message), std::string::npos) << answer.body;
    EXPECT_TRUE(answer.body.starts_with(std::to_string(row.status))) << answer.body;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(answer.header("content-type"), "text/plain");
    EXPECT_EQ(socket.hear_some(), RawSocket::End::eof) << row.bytes.substr(0, 200);
    EXPECT_EQ(server.refused(row.reason), before + 1) << row.bytes.substr(0, 200);
  }
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(Refusals, GoodRequestsBeforeABadOneAreAnswered) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  socket.say(get("/1") + get("/2") + "bad\r\n\r\n" + get("/3"));
  EXPECT_EQ(hear_answer(socket).body, "GET /1?\n");
  EXPECT_EQ(hear_answer(socket).body, "GET /2?\n");
  EXPECT_EQ(hear_answer(socket).status, 400);
  EXPECT_EQ(socket.take_rest(), "");
}

TEST(Refusals, ACallerThatGoesOnSendingATooLargeBodySeesTheAnswer) {
  TestServer server(always(echo), {.max_body_bytes = 1000});
  RawSocket socket = server.connect();
  const std::string body(8u << 20, ' ');
  EXPECT_TRUE(socket.say(post("/", body)));
  EXPECT_EQ(hear_answer(socket).status, 413);
  EXPECT_EQ(socket.hear_some(), RawSocket::End::eof);
}

TEST(Refusals, AnEndlessChunkedBodyIsGivenUpAtTheLimit) {
  TestServer server(always(echo), {.max_body_bytes = 100000});
  RawSocket socket = server.connect();
  std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  bool said = socket.say(chunked_head("/"));
  for (int i = 0; said && i < 30; ++i) said = socket.say(chunk);
  EXPECT_EQ(hear_answer(socket).status, 413);
}

TEST(Refusals, AHeadThatDoesNotCompleteInTimeGets408) {
  TestServer server(always(echo), {.header_timeout = 50ms});
  RawSocket socket = server.connect();
  socket.say("GET / HTTP/1.1\r\nHost: local");
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_EQ(answer.status, 408);
  EXPECT_NE(answer.body.find("head"), std::string::npos);
  EXPECT_EQ(server.refused(RefusalReason::timeout), 1u);
}

TEST(Refusals, ABodyThatDoesNotCompleteInTimeGets408) {
  TestServer server(always(echo), {.body_timeout = 50ms});
  for (const std::string& begun :
       {post("/", std::string(100, 'x')).substr(0, 150), chunked_head("/") + "5\r\nab",
        post("/", std::string(100000, 'x')).substr(0, 50000)}) {
    RawSocket socket = server.connect();
    socket.say(begun);
    const HttpAnswer answer = hear_answer(socket);
    EXPECT_EQ(answer.status, 408);
    EXPECT_NE(answer.body.find("body"), std::string::npos);
  }
}

TEST(Refusals, ABodyOfTinyChunksWithoutAPauseKeepsNobodyFromHisTurnAndEndsInTime) {
  TestServer server(always(echo), {.body_timeout = 300ms});
  std::string piece;
  while (piece.size() < 65536) piece += "1;" + std::string(40, 'x') + "\r\na\r\n";
  RawSocket flood = server.connect();
  flood.say(chunked_head("/"));
  RawSocket other = server.connect();
  for (int i = 0; i < 20'000 && server.refused(RefusalReason::timeout) == 0; ++i) {
    if (!flood.say(piece)) break;
    if (i % 500 != 0) continue;
    other.say(post("/", "hello"));
    EXPECT_EQ(hear_answer(other).status, 200);
  }
  EXPECT_EQ(server.refused(RefusalReason::timeout), 1u);
}

TEST(Refusals, ACallerThatLeavesInTheMiddleOfARequestIsForgotten) {
  TestServer server(always(echo));
  for (const std::string& begun :
       {"GET /"s, post("/", "12345").substr(0, 90), chunked_head("/") + "5\r\nab"}) {
    RawSocket socket = server.connect();
    socket.say(begun);
    socket.shutdown_write();
    EXPECT_EQ(socket.take_rest(), "");
  }
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(Refusals, ConnectionsBeyondTheLimitGet503AndOthersAreServedAgainLater) {
  TestServer server(always(echo), {.max_connections = 2});
  RawSocket first = server.connect();
  RawSocket second = server.connect();
  first.say(get("/"));
  second.say(get("/"));
  EXPECT_EQ(hear_answer(first).status, 200);
  EXPECT_EQ(hear_answer(second).status, 200);
  for (int i = 0; i < 100; ++i) {
    RawSocket third = server.connect();
    const HttpAnswer answer = hear_answer(third);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "1");
  }
  // One that was told so and stays for a while takes nobody's place.
  RawSocket lingers = server.connect();
  EXPECT_EQ(hear_answer(lingers).status, 503);
  first.close();
  while (server.counts().connections > 2) std::this_thread::yield();
  RawSocket fourth = server.connect();
  fourth.say(get("/"));
  EXPECT_EQ(hear_answer(fourth).status, 200);
  second.say(get("/"));
  EXPECT_EQ(hear_answer(second).status, 200);
}

}  // namespace
}  // namespace dujiang::adapters::http
