// Callers who leave, read slowly or not at all, and answers that break.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;

struct Watch {
  Meeting begun;
  Meeting ended;
  std::atomic<bool> release = false;
  std::atomic<bool> write_failed = false;
  std::atomic<std::uint64_t> written = 0;
};

// Starts an answer and holds it until the caller is gone.
runtime::Task<void> hold(const ports::CallerRequest& request, ports::CallerReply& reply,
                         runtime::EpollLoop& loop, std::shared_ptr<Watch> watch) {
  runtime::Signal left(loop);
  const std::stop_callback on_gone(request.gone, [&left] { left.notify(); });
  reply.start(200, {}, std::nullopt);
  co_await reply.write("begun");
  watch->begun.arrive();
  co_await left.wait(base::kNever);
  watch->write_failed = !co_await reply.write("more");
  reply.abort();
  watch->ended.arrive();
}

TestServer::MakeHandler holding(const std::shared_ptr<Watch>& watch) {
  return [watch](runtime::EpollLoop& loop) {
    return [&loop, watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
      return hold(request, reply, loop, watch);
    };
  };
}

// Each way of leaving stops `gone`; were it not seen, the handler would wait for ever and the test fail.
template <class Leave>
void expect_seen(Leave leave) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(holding(watch));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  ASSERT_TRUE(watch->begun.wait());
  EXPECT_EQ(server.counts().active_requests, 1u);
  leave(socket);
  EXPECT_TRUE(watch->ended.wait());
  EXPECT_TRUE(watch->write_failed);
}

TEST(CallersLeaving, ACloseIsSeenWhileTheAnswerIsUnderWay) {
  expect_seen([](RawSocket& socket) { socket.close(); });
}

TEST(CallersLeaving, AResetIsSeenWhileTheAnswerIsUnderWay) {
  expect_seen([](RawSocket& socket) { socket.reset(); });
}

TEST(CallersLeaving, ACloseBehindAPipelinedRequestIsSeen) {
  expect_seen([](RawSocket& socket) {
    socket.say(get("/next"));
    socket.shutdown_write();
  });
}

TEST(CallersLeaving, ACloseBehindMoreThanIsReadAheadIsSeen) {
  expect_seen([](RawSocket& socket) {
    std::string ahead;
    while (ahead.size() < 100'000) ahead += get("/next");
    socket.say(ahead);
    socket.shutdown_write();
  });
}

runtime::Task<void> pour(const ports::CallerRequest& /*request*/, ports::CallerReply& reply,
                         std::shared_ptr<Watch> watch) {
  const std::string piece(1 << 20, 'x');
  reply.start(200, {}, std::nullopt);
  watch->begun.arrive();
  while (co_await reply.write(piece)) watch->written += piece.size();
  watch->ended.arrive();
}

template <class Leave>
void expect_writer_woken(Leave leave) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(always([watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
    return pour(request, reply, watch);
  }));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  ASSERT_TRUE(watch->begun.wait());
  std::uint64_t before = 1;
  while (watch->written != before) {
    before = watch->written;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_FALSE(watch->ended.has_come());
  leave(socket);
  EXPECT_TRUE(watch->ended.wait());
}

TEST(CallersLeaving, AWriterThatWaitsForASlowCallerIsWokenByItsReset) {
  expect_writer_woken([](RawSocket& socket) { socket.reset(); });
}

TEST(CallersLeaving, AWriterThatWaitsForASlowCallerIsWokenByItsEnd) {
  expect_writer_woken([](RawSocket& socket) { socket.shutdown_write(); });
}

constexpr std::uint64_t kPieces = 48;
constexpr std::size_t kPiece = 1 << 20;

runtime::Task<void> pour_all(const ports::CallerRequest& request, ports::CallerReply& reply,
                             std::shared_ptr<Watch> watch) {
  const bool known = request.path == "/known";
  reply.start(200, {}, known ? std::optional(kPieces * kPiece) : std::nullopt);
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    const std::string piece(kPiece, static_cast<char>('a' + i % 26));
    if (!co_await reply.write(piece)) {
      watch->write_failed = true;
      break;
    }
    watch->written += kPiece;
  }
  co_await reply.finish();
  watch->ended.arrive();
}

TEST(CallersLeaving, ASlowReaderHoldsTheHandlerBackAndGetsEveryByte) {
  for (const char* path : {"/known", "/chunked"}) {
    const auto watch = std::make_shared<Watch>();
    TestServer server(always([watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
      return pour_all(request, reply, watch);
    }));
    RawSocket socket = server.connect(64 << 10);
    socket.say(get(path));
    std::uint64_t before = 0;
    do {
      before = watch->written;
      std::this_thread::sleep_for(100ms);
    } while (watch->written != before);
    EXPECT_LT(watch->written.load(), kPieces * kPiece / 2);
    const HttpAnswer answer = hear_answer(socket);
    EXPECT_TRUE(answer.complete);
    ASSERT_EQ(answer.body.size(), kPieces * kPiece);
    for (std::uint64_t i = 0; i < kPieces; ++i) {
      EXPECT_EQ(answer.body[i * kPiece], static_cast<char>('a' + i % 26));
      EXPECT_EQ(answer.body[(i + 1) * kPiece - 1], static_cast<char>('a' + i % 26));
    }
    EXPECT_TRUE(watch->ended.wait());
  }
}

TEST(CallersLeaving, ACallerThatReadsNothingForTooLongCountsAsGone) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(always([watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
                      return pour_all(request, reply, watch);
                    }),
                    {.write_timeout = 100ms});
  RawSocket socket = server.connect(64 << 10);
  socket.say(get("/"));
  EXPECT_TRUE(watch->ended.wait());
  EXPECT_TRUE(watch->write_failed);
}

// Holds the first request until the test says so, and echoes every other.
runtime::Task<void> hold_first(const ports::CallerRequest& request, ports::CallerReply& reply,
                               runtime::EpollLoop& loop, std::shared_ptr<Watch> watch) {
  if (request.path == "/first") {
    watch->begun.arrive();
    while (!watch->release) co_await runtime::sleep_until(loop, base::after(loop.now(), 1ms));
  }
  co_await echo(request, reply);
}

TestServer::MakeHandler holding_first(const std::shared_ptr<Watch>& watch) {
  return [watch](runtime::EpollLoop& loop) {
    return [&loop, watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
      return hold_first(request, reply, loop, watch);
    };
  };
}

TEST(CallersLeaving, RequestsThatArriveWhileOneIsUnderWayAreKeptHoweverMany) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(holding_first(watch));
  RawSocket socket = server.connect();
  socket.say(get("/first"));
  ASSERT_TRUE(watch->begun.wait());
  constexpr int kCount = 40;
  const std::string body(50000, 'b');
  std::thread sayer([&] {
    for (int i = 0; i < kCount; ++i) socket.say(post("/" + std::to_string(i), body));
  });
  std::this_thread::sleep_for(50ms);
  watch->release = true;
  EXPECT_EQ(hear_answer(socket).body, "GET /first?\n");
  for (int i = 0; i < kCount; ++i)
    EXPECT_EQ(hear_answer(socket).body, "POST /" + std::to_string(i) + "?\n" + body);
  sayer.join();
}

TEST(CallersLeaving, ACallerThatSendsOnAndOnWhileItsRequestIsUnderWayIsHeldBack) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(holding_first(watch));
  RawSocket socket = server.connect();
  socket.say(get("/first"));
  ASSERT_TRUE(watch->begun.wait());
  // The kernel takes some megabytes; the server adds the size of a head.
  constexpr std::size_t kMost = 64 << 20;
  EXPECT_LT(socket.say_until_blocked(get("/more"), kMost, 300), kMost);
  watch->release = true;
  EXPECT_EQ(hear_answer(socket).body, "GET /first?\n");
  EXPECT_EQ(hear_answer(socket).body, "GET /more?\n");
}

TEST(CallersLeaving, AnAbortedAnswerEndsInAResetAndIsNeverWhole) {
  const auto broken = [](const ports::CallerRequest&, ports::CallerReply& reply) -> runtime::Task<void> {
    reply.start(200, {}, std::nullopt);
    co_await reply.write("part");
    reply.abort();
    EXPECT_FALSE(co_await reply.write("more"));
    EXPECT_FALSE(co_await reply.finish());
  };
  TestServer server(always(broken));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  const HttpAnswer answer = hear_answer(socket);
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(socket.end(), RawSocket::End::reset);
}

TEST(CallersLeaving, AnAnswerOfAnotherLengthThanAnnouncedIsNeverWhole) {
  const auto wrong = [](const ports::CallerRequest& request,
                        ports::CallerReply& reply) -> runtime::Task<void> {
    reply.start(200, {}, 10);
    co_await reply.write(request.path == "/short" ? "123456789" : "12345678901");
    co_await reply.finish();
  };
  TestServer server(always(wrong));
  for (const char* path : {"/short", "/long"}) {
    RawSocket socket = server.connect();
    socket.say(get(path));
    EXPECT_FALSE(hear_answer(socket).complete) << path;
  }
}

TEST(CallersLeaving, AHandlerThatForgetsItsAnswerIsADefectThatTheCallerSees) {
  const auto forget = [](const ports::CallerRequest& request,
                         ports::CallerReply& reply) -> runtime::Task<void> {
    if (request.path == "/half") {
      reply.start(200, {}, std::nullopt);
      co_await reply.write("half");
    }
  };
  TestServer server(always(forget));
  RawSocket none = server.connect();
  none.say(get("/none"));
  EXPECT_EQ(hear_answer(none).status, 500);
  RawSocket half = server.connect();
  half.say(get("/half"));
  EXPECT_FALSE(hear_answer(half).complete);
  // The end of the connection is the end of an answer to HTTP/1.0: only a reset says that this one is not
  // whole.
  RawSocket old = server.connect();
  old.say("GET /half HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(hear_answer(old).complete);
}

TEST(Draining, IdleConnectionsCloseAndBusyOnesFinishFirst) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(holding_first(watch));
  RawSocket fresh = server.connect();
  RawSocket idle = server.connect();
  idle.say(get("/"));
  EXPECT_EQ(hear_answer(idle).status, 200);
  RawSocket busy = server.connect();
  busy.say(get("/first"));
  ASSERT_TRUE(watch->begun.wait());
  RawSocket reading = server.connect();
  const std::string request = post("/late", "body");
  reading.say(request.substr(0, 20));
  while (server.counts().connections < 4) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);

  server.stop_accepting();
  EXPECT_EQ(fresh.hear_some(), RawSocket::End::eof);
  EXPECT_EQ(idle.hear_some(), RawSocket::End::eof);
  EXPECT_ANY_THROW(server.connect());
  reading.say(request.substr(20));
  const HttpAnswer late = hear_answer(reading);
  EXPECT_EQ(late.body, "POST /late?\nbody");
  EXPECT_EQ(late.header("connection"), "close");
  while (server.counts().connections > 1) std::this_thread::yield();
  watch->release = true;
  const HttpAnswer last = hear_answer(busy);
  EXPECT_EQ(last.body, "GET /first?\n");
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(server.await_drained());
  EXPECT_EQ(server.counts().connections, 0u);
}

TEST(Draining, WhatIsLeftAtTheEndOfTheGracePeriodIsDropped) {
  const auto watch = std::make_shared<Watch>();
  TestServer server(holding(watch));
  RawSocket socket = server.connect();
  socket.say(get("/"));
  ASSERT_TRUE(watch->begun.wait());
  server.stop_accepting();
  server.close_all();
  EXPECT_TRUE(watch->ended.wait());
  EXPECT_TRUE(server.await_drained());
  EXPECT_FALSE(hear_answer(socket).complete);
}

TEST(Draining, AServerMayEndBeforeItsLoopWhileRequestsAreUnderWay) {
  const auto watch = std::make_shared<Watch>();
  testing::LoopThread thread;
  std::unique_ptr<HttpServer> server;
  const net::SocketAddress address = thread.call([&] {
    server = std::make_unique<HttpServer>(thread.loop(), ServerSettings{}, holding(watch)(thread.loop()),
                                          plain_page);
    return server->listen(net::SocketAddress::parse("127.0.0.1:0").value()).value();
  });
  RawSocket socket(address.port());
  socket.say(get("/"));
  ASSERT_TRUE(watch->begun.wait());
  thread.call([&] { server.reset(); });
  EXPECT_TRUE(watch->ended.wait());
}

runtime::Task<void> never_end(const ports::CallerRequest& request, ports::CallerReply& reply,
                              runtime::EpollLoop& loop, std::shared_ptr<Watch> watch) {
  const std::stop_callback ignored(request.gone, [] {});
  runtime::Signal never(loop);
  reply.start(200, {}, std::nullopt);
  co_await reply.write(request.body);
  watch->begun.arrive();
  co_await never.wait(base::kNever);
}

TEST(Draining, AHandlerThatNeverEndsIsFreedWithTheLoop) {
  const auto watch = std::make_shared<Watch>();
  {
    testing::LoopThread thread;
    std::unique_ptr<HttpServer> server;
    const net::SocketAddress address = thread.call([&] {
      server = std::make_unique<HttpServer>(
          thread.loop(), ServerSettings{},
          [&loop = thread.loop(), watch](const ports::CallerRequest& request, ports::CallerReply& reply) {
            return never_end(request, reply, loop, watch);
          },
          plain_page);
      return server->listen(net::SocketAddress::parse("127.0.0.1:0").value()).value();
    });
    RawSocket socket(address.port());
    socket.say(post("/", std::string(100000, 'x')));
    ASSERT_TRUE(watch->begun.wait());
    thread.call([&] { server.reset(); });
    EXPECT_FALSE(hear_answer(socket).complete);
  }
  EXPECT_EQ(watch.use_count(), 1);
}

}  // namespace
}  // namespace dujiang::adapters::http
