// Exchanges that go well, and what they leave behind in the pool.
#include <algorithm>

#include "fixture.hpp"
#include "support/gzip.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = HttpEvent::Kind;

TEST_F(ClientTest, SendsTheRequestToTheByteAndReadsTheAnswer) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("{\"ok\":1}", "x-trace: 7\r\n")), await_end()}});
  auto client = client_for(upstream_of({server.url("/v1/")}));
  ports::ClientRequest request = post("{\"model\":\"m\"}", "/chat/completions?a=b");
  request.headers = {{"content-type", "application/json"}, {"Authorization", "Bearer k"}};
  const Answer answer = fetch(*client, std::move(request));
  EXPECT_EQ(answer.last, Kind::end);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"ok\":1}");
  EXPECT_EQ(answer.headers.get("x-trace"), "7");
  EXPECT_EQ(answer.sent, Sent::everything);
  EXPECT_EQ(answer.endpoint, server.authority());
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0],
            "POST /v1/chat/completions?a=b HTTP/1.1\r\n"
            "Host: " +
                server.authority() +
                "\r\n"
                "content-type: application/json\r\n"
                "Authorization: Bearer k\r\n"
                "Accept-Encoding: identity\r\n"
                "Content-Length: 13\r\n\r\n"
                "{\"model\":\"m\"}");
}

TEST_F(ClientTest, UsesOneConnectionForManyRequests) {
  Script script;
  for (int i = 0; i < 20; ++i) {
    script.push_back(read_request());
    script.push_back(send(i % 2 == 0
                              ? answer_of("hi")
                              : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"));
  }
  ScriptedServer server(loop_, {script});
  auto client = client_for(server);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
  const auto counters = client->counters("main");
  EXPECT_EQ(counters.connections_opened, 1u);
  EXPECT_EQ(counters.pool_hits, 19u);
  EXPECT_EQ(counters.open, 1u);
  EXPECT_EQ(counters.idle, 1u);
}

TEST_F(ClientTest, GivesAConnectionBackAtTheEndOfTheAnswerNotOfTheExchange) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("a")), read_request(), send(answer_of("b"))}});
  auto client = client_for(server);
  const auto first = client->open(post());
  EXPECT_EQ(run(loop_, finish(loop_, *first)).body, "a");
  EXPECT_EQ(fetch(*client).body, "b");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, TellsTheEndAgainWhenAskedAgain) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).last, Kind::end);
  EXPECT_EQ(run(loop_, exchange->next(loop_.now())).kind, Kind::end);
}

TEST_F(ClientTest, GivesBodyBytesAsTheyCome) {
  ScriptedServer server(loop_,
                        {{read_request(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                          send("5\r\ndata:\r\n"), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  const HttpEvent event = run(loop_, exchange->next(loop_.now() + 10s));
  EXPECT_EQ(event.kind, Kind::body);
  EXPECT_EQ(event.bytes, "data:") << "though the message goes on";
}

TEST_F(ClientTest, SkipsInterimAnswers) {
  ScriptedServer server(loop_, {{read_request(), send("HTTP/1.1 100 Continue\r\n\r\n"),
                                 send("HTTP/1.1 103 Early Hints\r\nx: 1\r\n\r\n"), send(answer_of("hi"))}});
  auto client = client_for(server);
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hi");
}

TEST_F(ClientTest, ReadsABodyThatEndsWithTheConnection) {
  ScriptedServer server(loop_, {{read_request(), send("HTTP/1.1 200 OK\r\n\r\nall of it")}});
  auto client = client_for(server);
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.last, Kind::end);
  EXPECT_EQ(answer.body, "all of it");
  EXPECT_EQ(client->counters("main").open, 0u);
}

TEST_F(ClientTest, DecodesACompressedBodyThatNobodyAskedFor) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i * i) + "\n";
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of(compress(text), "Content-Encoding: gzip\r\n"))}});
  auto client = client_for(server);
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.last, Kind::end);
  EXPECT_TRUE(answer.body == text);
  EXPECT_EQ(answer.headers.count("content-encoding"), 0u);
  EXPECT_EQ(answer.headers.count("content-length"), 0u);
}

TEST_F(ClientTest, SendsALargeBodyWhileTheServerIsSlowToReadIt) {
  const std::string body(16 << 20, 'b');
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const Answer answer = fetch(*client, post(body));
  EXPECT_EQ(answer.body, "hi");
  EXPECT_EQ(answer.sent, Sent::everything);
  EXPECT_TRUE(server.requests()[0].ends_with(body));
  EXPECT_EQ(client->counters("main").idle, 1u);
}

TEST_F(ClientTest, ReadsAnEarlyAnswerAndDoesNotUseItsConnectionAgain) {
  const std::string body(16 << 20, 'b');
  ScriptedServer server(
      loop_, {{read_head(), send("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge"), await_end()}});
  auto client = client_for(server);
  const Answer answer = fetch(*client, post(body));
  EXPECT_EQ(answer.last, Kind::end);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "large");
  run_until([&] { return client->counters("main").open == 0; });
}

TEST_F(ClientTest, ReadsAnEarlyAnswerWhoseSenderReadsNoMore) {
  const std::string body(16 << 20, 'b');
  ScriptedServer server(loop_, {{read_head(), send(answer_of("early")), pause()}});
  auto client = client_for(server);
  const Answer answer = fetch(*client, post(body));
  EXPECT_EQ(answer.body, "early");
  EXPECT_EQ(answer.sent, Sent::some);
  server.proceed();
}

TEST_F(ClientTest, ClosesAConnectionThatTheServerWantsClosed) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("hi", "Connection: close\r\n")), await_end()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "hi");
  run_until([&] { return server.ended() == 1; });
  EXPECT_EQ(client->counters("main").open, 0u);
}

TEST_F(ClientTest, GivesAnIdleConnectionUpBeforeTheServerDoes) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("hi", "Keep-Alive: timeout=1\r\n")), await_end()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(client->counters("main").idle, 0u);
}

TEST_F(ClientTest, ClosesWhatWasIdleForTooLong) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto spec = upstream_of({server.url()});
  spec.idle_timeout = 20ms;
  auto client = client_for(std::move(spec));
  EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(client->counters("main").idle, 1u);
  run_until([&] { return server.ended() == 1; });
  EXPECT_EQ(client->counters("main").open, 0u);
}

TEST_F(ClientTest, SendsNoFurtherRequestOnAConnectionThatHasGrownOldAtWork) {
  ScriptedServer server(loop_, {{read_request(), pause(), send(answer_of("a")), await_end()},
                                {read_request(), send(answer_of("b"))}});
  auto spec = upstream_of({server.url()});
  spec.max_connection_age = 1ms;
  auto client = client_for(std::move(spec));
  const auto exchange = client->open(post());
  run_until([&] {
    EXPECT_EQ(run(loop_, exchange->next(loop_.now())).kind, Kind::timeout);
    return server.requests().size() == 1;
  });
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
  server.proceed();
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "a") << "what it is at is not disturbed";
  EXPECT_EQ(client->counters("main").open, 0u);
  EXPECT_EQ(fetch(*client).body, "b");
  EXPECT_EQ(server.connections(), 2u);
}

TEST_F(ClientTest, KeepsNoMoreIdleConnectionsThanItMay) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto spec = upstream_of({server.url()});
  spec.max_idle_connections = 2;
  auto client = client_for(std::move(spec));
  std::vector<std::unique_ptr<ports::HttpExchange>> exchanges;
  exchanges.reserve(5);
  for (int i = 0; i < 5; ++i) exchanges.push_back(client->open(post()));
  for (const auto& exchange : exchanges)
    EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  EXPECT_EQ(server.connections(), 5u);
  for (const auto& exchange : exchanges) EXPECT_EQ(run(loop_, finish(loop_, *exchange)).last, Kind::end);
  EXPECT_EQ(client->counters("main").idle, 2u);
  EXPECT_EQ(client->counters("main").open, 2u);
}

TEST_F(ClientTest, AnswersWithoutABodyToAHead) {
  ScriptedServer server(loop_, {{read_request(), send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
                                 read_request(), send(answer_of("hi"))}});
  auto client = client_for(server);
  auto request = post("");
  request.method = "HEAD";
  EXPECT_EQ(fetch(*client, std::move(request)).last, Kind::end);
  EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, SpreadsRequestsOverTheEndpointsByTheirWeights) {
  const Script close_after = {read_request(), send(answer_of("hi", "Connection: close\r\n"))};
  ScriptedServer heavy(loop_, {close_after});
  ScriptedServer light(loop_, {close_after});
  auto spec = upstream_of({heavy.url(), light.url()});
  spec.balance = route::Balance::weighted;
  spec.endpoints[0].weight = 3;
  auto client = client_for(std::move(spec));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(fetch(*client).last, Kind::end);
  EXPECT_EQ(heavy.connections(), 6u);
  EXPECT_EQ(light.connections(), 2u);
}

TEST_F(ClientTest, ResolvesTheHostOfAnUpstream) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(upstream_of({"http://localhost:" + std::to_string(server.port())}));
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.body, "hi") << answer.detail;
  EXPECT_THAT(server.requests()[0], HasSubstr("Host: localhost:" + std::to_string(server.port())));
}

TEST_F(ClientTest, RefusesUpstreamsThatMakeNoSense) {
  const auto error_of = [&](std::vector<route::UpstreamSpec> specs) {
    const auto client = adapters::http::Client::make(loop_, std::move(specs));
    return client ? "none" : client.error().message;
  };
  EXPECT_THAT(error_of({upstream_of({"localhost:80"})}), StartsWith("upstream main: 'localhost:80'"));
  EXPECT_THAT(error_of({upstream_of({})}), HasSubstr("no endpoint"));
  auto spec = upstream_of({"https://a.test"});
  EXPECT_THAT(error_of({spec, spec}), HasSubstr("two of this name"));
  spec.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(error_of({spec}), HasSubstr("upstream main: ca_file /nowhere/ca.pem"));
}

TEST_F(ClientTest, FailsForAnUpstreamThatItDoesNotKnow) {
  auto client = client_for(upstream_of({"http://127.0.0.1:1"}));
  auto request = post();
  request.upstream = "other";
  const Answer answer = fetch(*client, std::move(request));
  EXPECT_EQ(answer.failure, IoFailure::no_endpoint);
  EXPECT_THAT(answer.detail, HasSubstr("other"));
}

}  // namespace
}  // namespace dujiang::testing
