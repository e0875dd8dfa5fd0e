// The two ends of a call held apart, as raw bytes over real sockets: nothing of one hop crosses to the other,
// and no byte of an upstream's answer ever reaches a caller who did not ask for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/gateway_rig.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string whole(std::string_view text, std::string_view fields = {}) {
  return json_answer(
      200,
      R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":)"
      R"({"role":"assistant","content":")" +
          std::string(text) + R"("},"finish_reason":"stop"}]})",
      fields);
}

// Says `first` to the first request and the caller's own answer to all others.
RawUpstream::Answer says_first(std::string first) {
  return [first = std::move(first), asked = std::make_shared<std::atomic<int>>(0)](RawSocket& socket,
                                                                                   const HeardRequest&) {
    return socket.say((*asked)++ == 0 ? first : whole("own"));
  };
}

engine::Settings once(const RawUpstream& upstream) {
  auto settings = settings_for({{.name = "only", .port = upstream.port()}});
  settings.routes[0].retries.max_attempts = 1;
  settings.upstreams[0].unstreamed = route::Unstreamed::as_is;
  return settings;
}

// What the next caller gets after an upstream that spoke out of turn.
void expect_own(const GatewayRig& gateway, const std::string& what) {
  const Heard next = gateway.ask({});
  EXPECT_EQ(next.status(), 200) << what;
  EXPECT_EQ(next.chat.content, "own") << what << ": " << next.http.body;
}

struct Row {
  std::string what;
  std::string bytes;
};

TEST(StrictUpstream, BytesBehindAnAnswerReachNobody) {
  const std::string stolen = whole("stolen");
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = whole("good").substr(whole("good").find("\r\n\r\n") + 4);
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  const Row rows[] = {
      {"a second response", whole("good") + stolen},
      {"the beginning of one", whole("good") + "HTTP/1.1 2"},
      {"other bytes", whole("good") + "x"},
      {"an empty line", whole("good") + "\r\n"},
      {"a second response behind chunks", chunked + size + body + "\r\n0\r\n\r\n" + stolen},
      {"a second response behind a length that is too short", whole("good") + "}" + stolen},
  };
  for (const Row& row : rows) {
    RawUpstream upstream(says_first(row.bytes));
    const GatewayRig gateway(once(upstream));
    const Heard first = gateway.ask({});
    EXPECT_EQ(first.chat.content, "good") << row.what << ": " << first.http.body;
    EXPECT_THAT(first.http.body, Not(HasSubstr("stolen"))) << row.what;
    expect_own(gateway, row.what);
  }
}

TEST(StrictUpstream, BytesThatComeLaterOnAKeptConnectionReachNobody) {
  std::atomic<bool> said = false;
  RawUpstream upstream([&said, asked = 0](RawSocket& socket, const HeardRequest&) mutable {
    if (asked++ > 0) return socket.say(whole("own"));
    socket.say(whole("good"));
    // By now the caller may have its answer, and the connection be kept.
    EXPECT_TRUE(socket.say(whole("stolen")));
    said = true;
    return true;
  });
  const GatewayRig gateway(once(upstream));
  EXPECT_EQ(gateway.ask({}).chat.content, "good");
  while (!said) std::this_thread::yield();
  expect_own(gateway, "an answer that nobody asked for");
}

std::vector<Row> ambiguous_heads() {
  const std::string body = R"({"stolen":1})";
  const auto with = [&](std::string_view fields) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + std::string(fields) + "\r\n\r\n" + body;
  };
  return {
      {"a length and a coding", with("Content-Length: 12\r\nTransfer-Encoding: chunked")},
      {"a coding and a length", with("Transfer-Encoding: chunked\r\nContent-Length: 12")},
      {"lengths that differ", with("Content-Length: 12\r\nContent-Length: 2")},
      {"a length with a sign", with("Content-Length: +12")},
      {"a list of lengths", with("Content-Length: 12, 12")},
      {"a length beyond any", with("Content-Length: 99999999999999999999")},
      {"another coding", with("Transfer-Encoding: gzip")},
      {"a coding before chunked", with("Transfer-Encoding: gzip, chunked")},
      {"a folded line", with("X-A: b\r\n c\r\nContent-Length: 12")},
      {"a blank before the colon", with("Content-Length : 12")},
      {"a bare line feed", with("X-A: b\nContent-Length: 12")},
      {"a bare carriage return", with("X-A: b\rX: y\r\nContent-Length: 12")},
      {"NUL", with("X-A: \0\r\nContent-Length: 12"s)},
      {"a line without a colon", with("nonsense\r\nContent-Length: 12")},
      {"two digits of a status", "HTTP/1.1 20 OK\r\nContent-Length: 12\r\n\r\n" + body},
      {"another version", "HTTP/2 200\r\nContent-Length: 12\r\n\r\n" + body},
      {"no HTTP", "stolen"},
      {"protocols switched", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nstolen"},
      {"chunked in HTTP/1.0",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n" + body + "\r\n0\r\n\r\n"},
  };
}

std::vector<Row> ambiguous_chunks() {
  const auto chunked = [](std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
           std::string(body);
  };
  const std::string body = R"({"stolen":1})";
  return {
      {"a chunk with 0x", chunked("0xc\r\n" + body + "\r\n0\r\n\r\n")},
      {"a chunk with a sign", chunked("+c\r\n" + body + "\r\n0\r\n\r\n")},
      {"a chunk that is too long", chunked("b\r\n" + body + "\r\n0\r\n\r\n")},
      {"a chunk that is too short", chunked("d\r\n" + body + "\r\n0\r\n\r\n")},
      {"a chunk that ends with a line feed", chunked("c\r\n" + body + "\n0\r\n\r\n")},
      {"a size line that ends with a line feed", chunked("c\n" + body + "\r\n0\r\n\r\n")},
      {"an end that is a line feed", chunked("c\r\n" + body + "\r\n0\r\n\n")},
      {"a size beyond any", chunked("fffffffffffffffff\r\n" + body)},
  };
}

class StrictAnswers : public ::testing::TestWithParam<std::vector<Row> (*)()> {};

TEST_P(StrictAnswers, WhatCouldBeReadInTwoWaysIsACleanErrorAndEndsItsConnection) {
  for (const Row& row : GetParam()()) {
    RawUpstream upstream(says_first(row.bytes + whole("stolen")));
    const GatewayRig gateway(once(upstream));
    const Heard first = gateway.ask({});
    EXPECT_EQ(first.status(), 502) << row.what << ": " << first.http.body;
    EXPECT_EQ(first.chat.error_code, "garbage") << row.what << ": " << first.http.body;
    EXPECT_TRUE(first.http.complete) << row.what;
    EXPECT_THAT(first.http.body, Not(HasSubstr("stolen"))) << row.what;
    expect_own(gateway, row.what);
  }
}

TEST_P(StrictAnswers, AnAttemptMoreServesTheCallerAllTheSame) {
  for (const Row& row : GetParam()()) {
    RawUpstream upstream(says_first(row.bytes + whole("stolen")));
    auto settings = once(upstream);
    settings.routes[0].retries.max_attempts = 2;
    const GatewayRig gateway(settings);
    expect_own(gateway, row.what);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, StrictAnswers, ::testing::Values(ambiguous_heads, ambiguous_chunks));

TEST(StrictUpstream, InterimAnswersAreNoAnswers) {
  RawUpstream upstream(
      says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nX-Interim: y\r\n\r\n" +
           whole("own")));
  const GatewayRig gateway(once(upstream));
  for (int i = 0; i < 2; ++i) {
    const Heard heard = gateway.ask({});
    EXPECT_EQ(heard.chat.content, "own");
    EXPECT_EQ(heard.http.header("x-interim"), "(none)");
  }
}

// Says `piece` until the gateway has had enough.
void expect_enough(const std::string& start, const std::string& piece) {
  RawUpstream upstream([&](RawSocket& socket, const HeardRequest&) {
    socket.say(start);
    while (socket.say(piece)) {
    }
    return false;
  });
  const GatewayRig gateway(once(upstream));
  const Heard heard = gateway.ask({});
  EXPECT_EQ(heard.status(), 502) << start << heard.http.body;
  EXPECT_EQ(heard.chat.error_code, "garbage") << start << heard.http.body;
}

TEST(StrictUpstream, WhatHasNoEndIsGivenUp) {
  const std::string letters(4096, 'x');
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_enough("HTTP/1.1 200 ", letters);
  expect_enough("HTTP/1.1 200 OK\r\nX: ", letters);
  expect_enough("HTTP/1.1 200 OK\r\n", "X: y\r\n");
  expect_enough("", "HTTP/1.1 100 Continue\r\n\r\n");
  expect_enough(chunked, "0");
  expect_enough(chunked + "1;", letters);
  expect_enough(chunked + "0\r\n", "X: y\r\n");
}

// Headers.

const std::string kOfThisHop =
    "Connection: keep-alive, X-Secret, te\r\nX-Secret: of-this-hop\r\nKeep-Alive: "
    "timeout=5\r\nProxy-Connection: "
    "keep-alive\r\nTE: trailers\r\nTrailer: X-Late\r\nUpgrade: h2c\r\nX-Ours: crosses\r\n";

constexpr const char* kNamesOfAHop[] = {"x-secret", "keep-alive", "proxy-connection",
                                        "te",       "trailer",    "upgrade"};

void expect_rebuilt(const http::Headers& headers) {
  for (const char* name : kNamesOfAHop) EXPECT_EQ(headers.count(name), 0u) << name;
  EXPECT_THAT(headers.get("connection").value_or(""), Not(HasSubstr("ecret")));
  EXPECT_EQ(headers.get("x-ours"), "crosses");
}

TEST(StrictHeaders, OfOneHopNeverCrossToTheUpstream) {
  RawUpstream upstream(says(whole("own")));
  auto settings = once(upstream);
  settings.relay_unknown_paths_to = "only";
  const GatewayRig gateway(settings);
  const std::string body = R"({"model":"deepseek-chat","messages":[{"role":"user","content":"hi"}]})";
  char size[20];
  std::snprintf(size, sizeof size, "%zx;ext=1\r\n", body.size());
  const std::string chunked = size + body + "\r\n0\r\nX-Late: y\r\n\r\n";
  for (const char* path : {"/v1/chat/completions", "/v1/files"}) {
    const HttpAnswer answer =
        gateway.call("POST "s + path + " HTTP/1.1\r\nHost: localhost\r\n" +
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n" + kOfThisHop +
                     "Expect: 100-continue\r\nx-goog-api-key: k\r\nCookie: k\r\n\r\n" + chunked);
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  for (const HeardRequest& sent : upstream.heard()) {
    expect_rebuilt(sent.headers);
    for (const char* name : {"transfer-encoding", "expect", "x-late", "x-goog-api-key", "cookie"})
      EXPECT_EQ(sent.headers.count(name), 0u) << name;
    EXPECT_EQ(sent.headers.count("content-length"), 1u);
    EXPECT_EQ(sent.headers.count("host"), 1u);
    EXPECT_THAT(sent.header("host"), HasSubstr(std::to_string(upstream.port())));
    EXPECT_THAT(sent.body, HasSubstr(R"("content":"hi")"));
  }
}

TEST(StrictHeaders, OfOneHopNeverCrossToTheCaller) {
  RawUpstream upstream(says(whole("own", kOfThisHop + "Set-Cookie: a=b\r\nWWW-Authenticate: Basic\r\n"
                                                      "Proxy-Authenticate: Basic\r\nServer: secret\r\n")));
  auto settings = once(upstream);
  settings.relay_unknown_paths_to = "only";
  const GatewayRig gateway(settings);
  for (const std::string& request : {to_http({}), post("/v1/files", "{}")}) {
    const HttpAnswer answer = gateway.call(request);
    EXPECT_EQ(answer.status, 200);
    expect_rebuilt(answer.headers);
    for (const char* name : {"set-cookie", "www-authenticate", "proxy-authenticate", "server"})
      EXPECT_EQ(answer.headers.count(name), 0u) << name;
  }
}

}  // namespace
}  // namespace dujiang::testing
