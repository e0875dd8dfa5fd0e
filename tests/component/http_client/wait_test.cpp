// What next() does while nothing comes: time-outs, interrupts, and exchanges that end before their answer
// does.
#include "fixture.hpp"
#include "support/silent_listener.hpp"

namespace dujiang::testing {
namespace {

using Kind = HttpEvent::Kind;

TEST_F(ClientTest, TimesOutAndGoesOn) {
  ScriptedServer server(loop_, {{read_request(), pause(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 2ms)).kind, Kind::timeout);
  EXPECT_EQ(exchange->sent(), Sent::everything);
  server.proceed();
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "hi");
}

TEST_F(ClientTest, TimesOutWhileItConnectsAndGoesOn) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() - 1s)).kind, Kind::timeout);
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, GivesWhatIsThereEvenWhenTheTimeIsUp) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() - 1s)).bytes, "hi");
}

runtime::Task<void> count_turns(runtime::Loop& loop, const bool& over, int& turns) {
  while (!over) {
    co_await runtime::sleep_until(loop, loop.now());
    ++turns;
  }
}

TEST_F(ClientTest, LetsOthersHaveTheirTurnsWhileAnUpstreamSendsWithoutPause) {
  constexpr int kChunks = 10000;
  std::string flood = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < kChunks; ++i) flood += "1\r\nx\r\n";
  ScriptedServer server(loop_, {{read_request(), send(flood + "0\r\n\r\n"), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  run_until([&] { return server.sent() >= flood.size(); });
  bool over = false;
  int turns = 0;
  loop_.spawn(count_turns(loop_, over, turns));
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body_events, kChunks);
  over = true;
  EXPECT_GE(turns, 100);
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
}

runtime::Task<void> interrupt_soon(runtime::Loop& loop, ports::HttpExchange& exchange) {
  co_await runtime::sleep_until(loop, loop.now());
  exchange.interrupt();
}

TEST_F(ClientTest, IsInterruptedWhileItWaitsForTheAnswer) {
  ScriptedServer server(loop_, {{read_request(), pause(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 2ms)).kind, Kind::timeout);
  loop_.spawn(interrupt_soon(loop_, *exchange));
  EXPECT_EQ(run(loop_, exchange->next(base::kNever)).kind, Kind::timeout);
  server.proceed();
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "hi");
}

TEST_F(ClientTest, IsInterruptedWhileItConnects) {
  const SilentListener silent;
  auto client = client_for(upstream_of({silent.url()}));
  const auto exchange = client->open(post());
  loop_.spawn(interrupt_soon(loop_, *exchange));
  EXPECT_EQ(run(loop_, exchange->next(base::kNever)).kind, Kind::timeout);
}

TEST_F(ClientTest, RemembersAnInterruptForTheNextCall) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  exchange->interrupt();
  EXPECT_EQ(run(loop_, exchange->next(base::kNever)).kind, Kind::timeout);
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "hi");
}

TEST_F(ClientTest, ClosesTheConnectionOfAnExchangeThatIsGivenUp) {
  ScriptedServer server(
      loop_, {{read_request(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"),
               await_end()}});
  auto client = client_for(server);
  auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  EXPECT_EQ(server.ended(), 0u);
  exchange.reset();
  EXPECT_EQ(client->counters("main").open, 0u);
  run_until([&] { return server.ended() == 1; });
}

TEST_F(ClientTest, StopsSendingTheBodyOfAnExchangeThatIsGivenUp) {
  auto body = std::make_unique<std::string>(16 << 20, 'b');
  ScriptedServer server(loop_, {{read_head(), pause()}});
  auto client = client_for(server);
  auto exchange = client->open(post(*body));
  // Until it is connected and the kernel takes no more; a machine may be slow to get there.
  do {
    EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 20ms)).kind, Kind::timeout);
  } while (exchange->sent() == Sent::nothing);
  EXPECT_EQ(exchange->sent(), Sent::some);
  exchange.reset();
  body.reset();  // the sanitizer would see a write from it
  server.proceed();
  run_until([&] { return server.ended() == 1; });
  EXPECT_EQ(client->counters("main").open, 0u);
}

TEST_F(ClientTest, KeepsAConnectionThatCameTooLateForItsExchange) {
  ScriptedServer server(loop_, {{read_request(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() - 1s)).kind, Kind::timeout);
  exchange.reset();
  run_until([&] { return client->counters("main").idle == 1; });
  EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, ReadsNoFurtherThanItIsAsked) {
  ScriptedServer server(
      loop_, {{read_request(), send("HTTP/1.1 200 OK\r\n\r\n"), send_endlessly(std::string(65536, 'x'))}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, Kind::head);
  // The kernel's buffers fill up, then the server can send no more.
  std::uint64_t before = 0;
  do {
    before = server.sent();
    run(loop_, runtime::sleep_until(loop_, loop_.now() + 20ms));
  } while (server.sent() > before);
  EXPECT_LT(server.sent(), 64u << 20);
  for (int i = 0; i < 1000; ++i) {
    const HttpEvent event = run(loop_, exchange->next(loop_.now() + 10s));
    ASSERT_EQ(event.kind, Kind::body);
    ASSERT_LE(event.bytes.size(), 16384u);
  }
}

TEST_F(ClientTest, MayEndWhileExchangesAreUnderWay) {
  ScriptedServer server(loop_, {{read_request(), pause(), send(answer_of("hi")), await_end()}});
  auto client = client_for(server);
  const auto exchange = client->open(post());
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 2ms)).kind, Kind::timeout);
  client.reset();
  server.proceed();
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "hi");
  run_until([&] { return server.ended() == 1; });
}

}  // namespace
}  // namespace dujiang::testing
