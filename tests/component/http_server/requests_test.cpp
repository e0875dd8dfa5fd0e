// What well-formed requests get: keep-alive, pipelining, bodies, expectations, HTTP/1.0, HEAD.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;

std::string pattern(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 31 % 26);
  return text;
}

TEST(Requests, ManyAreServedOnOneConnection) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  for (int i = 0; i < 3; ++i) {
    socket.say(get("/a?n=" + std::to_string(i)));
    const HttpAnswer answer = hear_answer(socket);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a?n=" + std::to_string(i) + "\n");
    EXPECT_EQ(answer.header("content-type"), "text/plain");
    EXPECT_EQ(answer.header("connection"), "(none)");
    EXPECT_TRUE(answer.header("date").ends_with(" GMT")) << answer.header("date");
  }
  const ServerCounts counts = server.counts();
  EXPECT_EQ(counts.accepted, 1u);
  EXPECT_EQ(counts.requests, 3u);
  EXPECT_EQ(counts.connections, 1u);
  EXPECT_EQ(counts.active_requests, 0u);
}

TEST(Requests, APipelineIsAnsweredInOrderHoweverItsBytesAreCut) {
  const std::string pipeline = get("/1") + post("/2", "two") + chunked_head("/3") +
                               "3\r\nthr\r\n2;x=y\r\nee\r\n0\r\nT: v\r\n\r\n" + "\r\n" + get("/4") +
                               post("/5", "");
  TestServer server(always(echo));
  for (const std::size_t piece : {pipeline.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    RawSocket socket = server.connect();
    for (std::size_t at = 0; at < pipeline.size(); at += piece)
      socket.say(std::string_view(pipeline).substr(at, piece));
    for (const char* expected :
         {"GET /1?\n", "POST /2?\ntwo", "POST /3?\nthree", "GET /4?\n", "POST /5?\n"}) {
      EXPECT_EQ(hear_answer(socket).body, expected) << "pieces of " << piece;
    }
  }
}

TEST(Requests, ALongPipelineIsAnsweredWhole) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  constexpr int kCount = 3000;
  std::string pipeline;
  for (int i = 0; i < kCount; ++i)
    pipeline += post("/" + std::to_string(i), pattern(static_cast<std::size_t>(i % 100)));
  std::thread sayer([&] { socket.say(pipeline); });
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(hear_answer(socket).body,
              "POST /" + std::to_string(i) + "?\n" + pattern(static_cast<std::size_t>(i % 100)));
  }
  sayer.join();
}

TEST(Requests, BodiesOfEverySizeArriveWholeAndPadded) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  const std::size_t head = post("/", "").size();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, 16384 - head - 5, 16384 - head, std::size_t{16383},
        std::size_t{16384}, std::size_t{16385}, std::size_t{70000}, std::size_t{3} << 20}) {
    const std::string body = pattern(size);
    std::thread sayer([&] { socket.say(post("/", body)); });
    EXPECT_EQ(hear_answer(socket).body, "POST /?\n" + body) << size;
    sayer.join();
  }
}

TEST(Requests, ChunkedBodiesOfEverySizeArriveWholeAndPadded) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{16384}, std::size_t{70001}, std::size_t{3} << 20}) {
    const std::string body = pattern(size);
    std::string message = chunked_head("/");
    for (std::size_t at = 0; at < size; at += 9973) {
      const std::string chunk = body.substr(at, 9973);
      char line[32];
      std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
      message += line + chunk + "\r\n";
    }
    message += "0\r\n\r\n";
    std::thread sayer([&] { socket.say(message + get("/next")); });
    EXPECT_EQ(hear_answer(socket).body, "POST /?\n" + body) << size;
    EXPECT_EQ(hear_answer(socket).body, "GET /next?\n");
    sayer.join();
  }
}

TEST(Requests, AHeadUpToTheLimitIsServed) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  const std::string start = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  std::string head = start;
  while (head.size() < 60000) head += "X-Padding: " + std::string(1000, 'x') + "\r\n";
  head += "Y: " + std::string(65536 - head.size() - 7, 'y') + "\r\n\r\n";
  ASSERT_EQ(head.size(), 65536u);
  socket.say(head + get("/next"));
  EXPECT_EQ(hear_answer(socket).status, 200);
  EXPECT_EQ(hear_answer(socket).body, "GET /next?\n");
}

TEST(Requests, ABodyThatWaitsForWordIsAskedFor) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  const std::string request = post("/", "body", "Expect: 100-continue\r\n");
  socket.say(request.substr(0, request.size() - 4));
  EXPECT_EQ(socket.take_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.say("body");
  EXPECT_EQ(hear_answer(socket).body, "POST /?\nbody");
}

TEST(Requests, ABodyThatDidNotWaitForWordIsNotAskedFor) {
  TestServer server(always(echo));
  RawSocket socket = server.connect();
  socket.say(post("/", "body", "Expect: 100-continue\r\n"));
  EXPECT_EQ(hear_answer(socket).status, 200);
}

TEST(Requests, Http10IsClosedAfterItsAnswerUnlessItAsks) {
  TestServer server(always(echo));
  RawSocket once = server.connect();
  once.say("GET /old HTTP/1.0\r\n\r\n");
  const HttpAnswer answer = hear_answer(once);
  EXPECT_EQ(answer.body, "GET /old?\n");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(once.hear_some(), RawSocket::End::eof);

  RawSocket kept = server.connect();
  for (int i = 0; i < 2; ++i) {
    kept.say("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const HttpAnswer again = hear_answer(kept);
    EXPECT_EQ(again.body, "GET /old?\n");
    EXPECT_EQ(again.header("connection"), "keep-alive");
  }
}

runtime::Task<void> stream_three(const ports::CallerRequest& /*request*/, ports::CallerReply& reply) {
  reply.start(200, {{"content-type", "text/event-stream"}}, std::nullopt);
  for (const char* piece : {"one ", "two ", "three"}) co_await reply.write(piece);
  co_await reply.finish();
}

TEST(Requests, AnAnswerOfUnknownLengthIsChunkedEachWriteAChunk) {
  TestServer server(always(stream_three));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  EXPECT_NE(socket.take_until("\r\n\r\n").find("transfer-encoding: chunked"), std::string::npos);
  EXPECT_EQ(socket.take_until("0\r\n\r\n"), "4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST(Requests, AnAnswerOfUnknownLengthToHttp10EndsWithTheConnection) {
  TestServer server(always(stream_three));
  RawSocket socket = server.connect();
  socket.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_EQ(answer.header("transfer-encoding"), "(none)");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(answer.body, "one two three");
  EXPECT_TRUE(answer.complete);
}

TEST(Requests, AHeadRequestGetsTheHeadAlone) {
  for (const auto& handler : {always(echo), always(stream_three)}) {
    TestServer server(handler);
    RawSocket socket = server.connect();
    for (int i = 0; i < 2; ++i) {
      socket.say("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const HttpAnswer answer = hear_answer(socket, true);
      EXPECT_EQ(answer.status, 200);
      EXPECT_TRUE(answer.header("content-length") == "8" || answer.header("transfer-encoding") == "chunked");
    }
    EXPECT_TRUE(socket.heard().empty());
  }
}

runtime::Task<void> no_content(const ports::CallerRequest& /*request*/, ports::CallerReply& reply) {
  reply.start(204, {}, 0);
  co_await reply.finish();
}

TEST(Requests, A204HasNoFraming) {
  TestServer server(always(no_content));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("content-length"), "(none)");
  EXPECT_EQ(answer.header("transfer-encoding"), "(none)");
}

runtime::Task<void> report(const ports::CallerRequest& request, ports::CallerReply& reply) {
  std::string text = std::string(request.peer) + "|" +
                     std::string(request.headers.get("x-odd").value_or("")) + "|" +
                     std::to_string(reply.started()) + std::to_string(reply.bytes_written());
  reply.start(200, {{"X-Split", "a\r\nInjected: yes"}, {"x-kept", "v"}}, std::nullopt);
  co_await reply.write(text);
  text = "|" + std::to_string(reply.started()) + (reply.bytes_written() > 0 ? "+" : "0");
  co_await reply.write(text);
  co_await reply.finish();
}

TEST(Requests, TheHandlerSeesPeerAndHeadersAndItsFieldsCannotBeSplit) {
  TestServer server(always(report));
  RawSocket socket = server.connect();
  socket.say("GET / HTTP/1.1\r\nHost: localhost\r\nX-Odd: value\r\n\r\n");
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_TRUE(answer.body.starts_with("127.0.0.1:")) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("|value|00|1+")) << answer.body;
  EXPECT_EQ(answer.header("x-kept"), "v");
  EXPECT_EQ(answer.header("injected"), "(none)");
}

TEST(Requests, AnIdleConnectionIsClosedSilently) {
  TestServer server(always(echo), {.idle_timeout = 50ms});
  RawSocket fresh = server.connect();
  EXPECT_EQ(fresh.hear_some(), RawSocket::End::eof);
  RawSocket used = server.connect();
  used.say(get("/"));
  EXPECT_EQ(hear_answer(used).status, 200);
  EXPECT_EQ(used.hear_some(), RawSocket::End::eof);
}

}  // namespace
}  // namespace dujiang::adapters::http
