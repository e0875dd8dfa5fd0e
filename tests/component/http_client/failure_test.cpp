// Every way in which an exchange can fail, and what is said of it.
#include <sys/resource.h>

#include "fixture.hpp"
#include "support/fake_dns.hpp"
#include "support/gzip.hpp"
#include "support/silent_listener.hpp"

namespace dujiang::testing {
namespace {

using adapters::http::ConnectFault;
using ::testing::HasSubstr;
using Kind = HttpEvent::Kind;

std::uint64_t failed_connects(const adapters::http::Client& client, adapters::http::ConnectFault why) {
  const adapters::http::ClientCounters counters = client.counters("main");
  std::uint64_t all = 0;
  for (const std::uint64_t count : counters.connects_failed) all += count;
  EXPECT_EQ(counters.connects_failed[static_cast<std::size_t>(why)], all);
  return all;
}

// A port on which nobody listens.
std::string refusing_url(runtime::EpollLoop& loop) {
  const ScriptedServer server(loop, {{}});
  return server.url();
}

TEST_F(ClientTest, SaysThatAnEndpointRefusesAndThenLeavesItAlone) {
  auto client = client_for(upstream_of({refusing_url(loop_)}));
  const Answer first = fetch(*client);
  EXPECT_EQ(first.failure, IoFailure::connect);
  EXPECT_THAT(first.detail, HasSubstr("refuses connections"));
  EXPECT_EQ(first.sent, Sent::nothing);
  const Answer second = fetch(*client);
  EXPECT_EQ(second.failure, IoFailure::no_endpoint);
  EXPECT_EQ(second.sent, Sent::nothing);
  EXPECT_EQ(failed_connects(*client, ConnectFault::connect), 1u);
}

TEST_F(ClientTest, TriesARefusingEndpointAgainAfterTheProbeInterval) {
  auto spec = upstream_of({refusing_url(loop_)});
  spec.probe_interval = 1ms;
  auto client = client_for(std::move(spec));
  EXPECT_EQ(fetch(*client).failure, IoFailure::connect);
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
  EXPECT_EQ(fetch(*client).failure, IoFailure::connect);
}

TEST_F(ClientTest, GoesToTheNextEndpointWhenOneRefuses) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi", "Connection: close\r\n"))}});
  auto client = client_for(upstream_of({refusing_url(loop_), server.url()}));
  for (int i = 0; i < 4; ++i) {
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.body, "hi");
    EXPECT_EQ(answer.endpoint, server.authority());
  }
  EXPECT_EQ(failed_connects(*client, ConnectFault::connect), 1u);
}

TEST_F(ClientTest, UsesAStandingConnectionWhenNewOnesAreRefused) {
  const Script twice = {read_request(), send(answer_of("a")), read_request(), send(answer_of("b")),
                        await_end()};
  ScriptedServer server(loop_, {twice});
  auto client = client_for(server);
  const auto first = client->open(post());
  const auto second = client->open(post());
  EXPECT_EQ(run(loop_, first->next(loop_.now() + 10s)).kind, Kind::head);
  server.stop_listening();
  EXPECT_EQ(run(loop_, finish(loop_, *second)).failure, IoFailure::connect);
  EXPECT_EQ(run(loop_, finish(loop_, *first)).body, "a");
  EXPECT_EQ(fetch(*client).body, "b");
}

TEST_F(ClientTest, NamesAllEndpointsThatRefuse) {
  const std::string one = refusing_url(loop_);
  const std::string two = refusing_url(loop_);
  auto client = client_for(upstream_of({one, two}));
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect);
  EXPECT_THAT(answer.detail, HasSubstr(one.substr(7)));
  EXPECT_THAT(answer.detail, HasSubstr(two.substr(7)));
}

TEST_F(ClientTest, SaysThatAHostDoesNotResolve) {
  std::vector<route::UpstreamSpec> specs;
  specs.push_back(upstream_of({"http://" + std::string(70, 'a') + ".test"}));
  auto client = adapters::http::Client::make(loop_, std::move(specs)).value();
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::dns);
  EXPECT_THAT(answer.detail, HasSubstr("does not resolve"));
  EXPECT_EQ(failed_connects(*client, ConnectFault::dns), 1u);
}

TEST_F(ClientTest, GivesUpASilentEndpointAfterTheConnectTimeoutAndTakesTheNext) {
  const SilentListener silent;
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi"))}});
  auto spec = upstream_of({silent.url()});
  spec.connect_timeout = 20ms;
  auto client = client_for(spec);
  EXPECT_EQ(fetch(*client).failure, IoFailure::connect_timeout);
  EXPECT_EQ(failed_connects(*client, ConnectFault::connect_timeout), 1u);
  spec.endpoints.push_back({.url = server.url()});
  client = client_for(spec);
  EXPECT_EQ(fetch(*client).body, "hi");
}

struct Row {
  const char* what;
  Script script;
  IoFailure failure;
  const char* detail;
};

std::vector<Row> broken_heads() {
  const std::string letters(4096, 'y');
  const std::string field = "x: " + letters + "\r\n";
  return {
      {"reset before the head", {read_request(), reset()}, IoFailure::reset, "before any byte"},
      {"closed before the head", {read_request()}, IoFailure::closed, "before any byte"},
      {"closed in the head",
       {read_request(), send("HTTP/1.1 200 OK\r\nx")},
       IoFailure::closed,
       "within the head"},
      {"garbage",
       {read_request(), send("<html>busy</html>"), await_end()},
       IoFailure::protocol,
       "not those of an HTTP"},
      {"endless head",
       {read_request(), send("HTTP/1.1 200 OK\r\n"), send_endlessly(field)},
       IoFailure::protocol,
       "too"},
      {"endless header line",
       {read_request(), send("HTTP/1.1 200 OK\r\nx: "), send_endlessly(letters)},
       IoFailure::protocol,
       "too large"},
      {"endless interim answers",
       {read_request(), send_endlessly("HTTP/1.1 100 Continue\r\nx: " + letters + "\r\n\r\n")},
       IoFailure::protocol,
       "interim"},
  };
}

std::vector<Row> broken_bodies() {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string gzip = "Content-Encoding: gzip\r\n";
  const std::string bomb = compress(std::string(50 << 20, ' '));
  const std::string letters(4096, 'y');
  const std::string field = "x: " + letters + "\r\n";
  return {
      {"endless chunk line",
       {read_request(), send(chunked + "1;"), send_endlessly(letters)},
       IoFailure::protocol,
       "too long"},
      {"endless trailer",
       {read_request(), send(chunked + "0\r\n"), send_endlessly(field)},
       IoFailure::protocol,
       "trailer"},
      {"bad chunk size",
       {read_request(), send(chunked + "xyz\r\n"), await_end()},
       IoFailure::protocol,
       "hexadecimal"},
      {"truncated body",
       {read_request(), send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")},
       IoFailure::closed,
       "within the body"},
      {"truncated chunks",
       {read_request(), send(chunked + "4\r\nhalf\r\n")},
       IoFailure::closed,
       "within the body"},
      {"gzip bomb",
       {read_request(), send(answer_of(bomb, gzip)), await_end()},
       IoFailure::protocol,
       "decoded"},
      {"broken gzip",
       {read_request(), send(answer_of("no gzip", gzip)), await_end()},
       IoFailure::protocol,
       "broken"},
      {"unknown coding",
       {read_request(), send(answer_of("x", "Content-Encoding: br\r\n")), await_end()},
       IoFailure::protocol,
       "Content-Encoding: br"},
  };
}

class BrokenAnswerTest : public ClientTest {
 protected:
  void expect(const Row& row) {
    SCOPED_TRACE(row.what);
    ScriptedServer server(loop_, {row.script});
    auto client = client_for(server);
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.last, Kind::failure);
    EXPECT_EQ(answer.failure, row.failure);
    EXPECT_THAT(answer.detail, HasSubstr(row.detail));
    EXPECT_EQ(answer.sent, Sent::everything);
    EXPECT_EQ(client->counters("main").open, 0u);
    EXPECT_LT(answer.body.size(), 20u << 20);
    run_until([&] { return server.ended() == 1; });
  }
};

TEST_F(BrokenAnswerTest, IsToldApartByItsHead) {
  for (const Row& row : broken_heads()) expect(row);
}

TEST_F(BrokenAnswerTest, IsToldApartByItsBody) {
  for (const Row& row : broken_bodies()) expect(row);
}

TEST_F(ClientTest, TellsAResetInTheBody) {
  ScriptedServer server(
      loop_, {{read_request(), send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), pause(), reset()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  // A reset drops what the client has not read yet.
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).bytes, "half");
  server.proceed();
  const Answer answer = run(loop_, finish(loop_, *exchange));
  EXPECT_EQ(answer.failure, IoFailure::reset);
  EXPECT_THAT(answer.detail, HasSubstr("within the body"));
}

TEST_F(ClientTest, DoesNotBlameAnEndpointWhenItsOwnDescriptorsAreOut) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi"))}});
  auto client = client_for(server);
  // Once before: the sanitizers want descriptors of their own for code that they see for the first time.
  EXPECT_EQ(fetch(*client_for(upstream_of({"http://255.255.255.255:1"}))).failure, IoFailure::connect);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Answer starved = fetch(*client);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(starved.failure, IoFailure::local);
  EXPECT_THAT(starved.detail, HasSubstr("can be opened"));
  EXPECT_EQ(failed_connects(*client, ConnectFault::local), 1u);
  EXPECT_EQ(fetch(*client).body, "hi") << "at once, not after the probe interval";
}

TEST_F(ClientTest, TriesAllAddressesOfAHost) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi"))}});
  FakeDns dns(loop_, [](const DnsQuestion& question) {
    if (question.v6) return DnsReply{.ttl = 60};
    return DnsReply{.addresses = {"127.0.0.2", "127.0.0.1", "127.0.0.3"}, .ttl = 60};
  });
  std::vector<route::UpstreamSpec> specs;
  specs.push_back(upstream_of({"http://api.test:" + std::to_string(server.port())}));
  const auto client =
      adapters::http::Client::make(loop_, std::move(specs), {.servers = {.addresses = dns.address()}})
          .value();
  EXPECT_EQ(fetch(*client).body, "hi");
  server.stop_listening();
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect);
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.0.0.3"})
    EXPECT_THAT(answer.detail, HasSubstr(address));
  EXPECT_EQ(dns.questions().size(), 2u) << "the name was asked for once";
}

TEST_F(ClientTest, RefusesToSendAHeaderThatWouldBreakOutOfItsLine) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  auto request = post();
  request.headers = {{"x-a", "1\r\nx-b: 2"}};
  const Answer answer = fetch(*client, std::move(request));
  EXPECT_EQ(answer.failure, IoFailure::protocol);
  EXPECT_EQ(answer.sent, Sent::nothing);
  EXPECT_EQ(fetch(*client).body, "hi") << "the connection was never used";
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, DropsAKeptConnectionThatTheServerClosed) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("a"))}, {read_request(), send(answer_of("b"))}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  run_until([&] { return server.ended() == 1; });
  auto request = post();
  request.repeat_on_stale = false;
  EXPECT_EQ(fetch(*client, std::move(request)).body, "b");
  EXPECT_EQ(client->counters("main").pool_hits, 0u);
}

TEST_F(ClientTest, DropsAKeptConnectionOnWhichBytesCameUnasked) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("a") + answer_of("forged")), await_end()},
                                {read_request(), send(answer_of("b"))}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  EXPECT_EQ(fetch(*client).body, "b");
}

TEST_F(ClientTest, DropsAKeptConnectionOnWhichBytesCameLater) {
  ScriptedServer server(loop_,
                        {{read_request(), send(answer_of("a")), send(answer_of("forged")), await_end()},
                         {read_request(), send(answer_of("b"))}});
  auto client = client_for(server);
  const auto first = client->open(post());
  EXPECT_EQ(run(loop_, finish(loop_, *first)).body, "a");
  run_until([&] { return server.sent() >= 2 * answer_of("a").size(); });
  EXPECT_EQ(fetch(*client).body, "b");
}

TEST_F(ClientTest, RepeatsARequestOnceWhenAKeptConnectionTurnsOutStale) {
  for (const bool by_reset : {false, true}) {
    Script stale = {read_request(), send(answer_of("a")), read_request()};
    if (by_reset) stale.push_back(reset());
    ScriptedServer server(loop_, {stale, {read_request(), send(answer_of("b"))}});
    auto client = client_for(server);
    EXPECT_EQ(fetch(*client).body, "a");
    const Answer answer = fetch(*client);
    EXPECT_EQ(answer.body, "b");
    EXPECT_EQ(answer.sent, Sent::everything);
    EXPECT_EQ(server.requests().size(), 3u) << "the stale connection took the request too";
    EXPECT_EQ(client->counters("main").stale_repeats, 1u);
  }
}

TEST_F(ClientTest, OwnsUpToARequestThatAStaleConnectionMayHaveTaken) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("a")), read_request()}});
  auto client = client_for(server);
  const auto first = client->open(post());
  EXPECT_EQ(run(loop_, finish(loop_, *first)).body, "a");
  server.stop_listening();
  const Answer answer = fetch(*client);
  EXPECT_EQ(answer.failure, IoFailure::connect) << "the repeat found nobody";
  EXPECT_EQ(answer.sent, Sent::everything) << "but the first may have been taken";
}

TEST_F(ClientTest, DoesNotRepeatWhatMustNotBeRepeated) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("a")), read_request()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  auto request = post();
  request.repeat_on_stale = false;
  EXPECT_EQ(fetch(*client, std::move(request)).failure, IoFailure::closed);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, SendsWhatMustNotBeRepeatedOnNoConnectionThatHasRested) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("a")), await_end()},
                                {read_request(), send(answer_of("b")), await_end()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  run(loop_, runtime::sleep_until(loop_, loop_.now() + adapters::http::kShortRest + 1ms));
  auto request = post();
  request.repeat_on_stale = false;
  EXPECT_EQ(fetch(*client, std::move(request)).body, "b");
  EXPECT_EQ(server.connections(), 2u);
  EXPECT_EQ(client->counters("main").idle, 2u) << "the one that rests stays, for others";
}

TEST_F(ClientTest, DoesNotRepeatAfterTheFirstByteOfAnAnswer) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("a")), read_request(), send("H")}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  EXPECT_EQ(fetch(*client).failure, IoFailure::closed);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, DoesNotRepeatOnAFreshConnection) {
  ScriptedServer server(loop_, {{read_request()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).failure, IoFailure::closed);
  EXPECT_EQ(server.connections(), 1u);
}

}  // namespace
}  // namespace dujiang::testing
