// What the front holds and takes at most, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/server_buffer.hpp"
#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr std::size_t kBody = 200'000;
constexpr ServerSettings kRoomForOne{.body_memory_bytes = kBody + kBody / 2};

// Half of a body whose other half is still to come.
struct Half {
  RawSocket caller;
  std::string rest;
};

Half send_half(const TestServer& server, bool chunked) {
  RawSocket caller = server.connect();
  const std::string half(kBody / 2, 'x');
  if (chunked) {
    caller.say(chunked_head("/") + "30d40\r\n" + half);  // kBody
    return {std::move(caller), half + "\r\n0\r\n\r\n"};
  }
  const std::string whole = post("/", half + half);
  caller.say(whole.substr(0, whole.size() - half.size()));
  return {std::move(caller), half};
}

TEST(BodiesTest, TogetherTakeNoMoreThanTheirMemoryAndItIsFreeAgainAfterwards) {
  TestServer server(always(echo), kRoomForOne);
  for (const bool chunked : {false, true}) {
    Half first = send_half(server, chunked);
    // Both halves are more than there is, so this one is refused when it grows, wherever the first one is.
    RawSocket second = server.connect();
    second.say(chunked_head("/") + "61a80\r\n" + std::string(2 * kBody, 'y') + "\r\n0\r\n\r\n");
    const HttpAnswer refused = hear_answer(second);
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, StartsWith("503 memory_full: "));
    EXPECT_EQ(refused.header("retry-after"), "1");
    EXPECT_EQ(refused.header("connection"), "close");
    first.caller.say(first.rest);
    EXPECT_EQ(hear_answer(first.caller).status, 200) << "who came first is served";
  }
  EXPECT_EQ(server.refused(RefusalReason::memory_full), 2u);
}

TEST(BodiesTest, OneThatCannotFitIsRefusedBeforeItIsSent) {
  TestServer server(always(echo), kRoomForOne);
  RawSocket caller = server.connect();
  caller.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(2 * kBody) + "\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(hear_answer(caller).body, StartsWith("503 memory_full: "));
}

TEST(BodiesTest, WhoOnlyAnnouncesABodyKeepsNobodyFromSendingHis) {
  TestServer server(always(echo), kRoomForOne);
  std::vector<RawSocket> idlers;
  for (int i = 0; i < 5; ++i) {
    idlers.push_back(server.connect());
    idlers.back().say(post("/", std::string(kBody, 'z')).substr(0, 300));
  }
  RawSocket caller = server.connect();
  caller.say(post("/", std::string(kBody, 'x')));
  EXPECT_EQ(hear_answer(caller).status, 200);
}

// Begins its answer, needs the body no more, and ends with the caller; or, asked for "/echo", echoes.
runtime::Task<void> forget(const ports::CallerRequest& request, ports::CallerReply& reply,
                           runtime::EpollLoop& loop) {
  if (request.path == "/echo") co_return co_await echo(request, reply);
  runtime::Signal left(loop);
  const std::stop_callback on_gone(request.gone, [&left] { left.notify(); });
  reply.start(200, {}, std::nullopt);
  reply.forget_body();
  co_await reply.write("begun");
  if (request.path == "/short") {
    co_await reply.finish();
  } else {
    co_await left.wait(base::kNever);
    reply.abort();
  }
}

TestServer::MakeHandler forgetting() {
  return [](runtime::EpollLoop& loop) {
    return [&loop](const ports::CallerRequest& request, ports::CallerReply& reply) {
      return forget(request, reply, loop);
    };
  };
}

TEST(BodiesTest, OneThatIsForgottenLeavesItsMemoryToOthersWhileTheAnswerGoesOn) {
  TestServer server(forgetting(), kRoomForOne);
  RawSocket first = server.connect();
  first.say(post("/long", std::string(kBody, 'x')));
  EXPECT_FALSE(first.take_until("begun").empty());
  RawSocket second = server.connect();
  second.say(post("/echo", std::string(kBody, 'y')));
  EXPECT_EQ(hear_answer(second).status, 200);
}

TEST(BodiesTest, OneThatIsForgottenTakesNothingOfTheNextRequestAlong) {
  TestServer server(forgetting());
  RawSocket caller = server.connect();
  caller.say(post("/short", std::string(1400, 'x')) + post("/echo", "next") + get("/echo?last"));
  EXPECT_EQ(hear_answer(caller).body, "begun");
  EXPECT_EQ(hear_answer(caller).body, "POST /echo?\nnext");
  EXPECT_EQ(hear_answer(caller).body, "GET /echo?last\n");
}

TEST(BodiesTest, SmallOnesNeedNoneOfTheirMemory) {
  TestServer server(always(echo), {.body_memory_bytes = 0});
  RawSocket caller = server.connect();
  caller.say(post("/", std::string(1400, 'x')));
  EXPECT_EQ(hear_answer(caller).status, 200);
}

TEST(BodyMemory, IsGivenBackByWhoTookIt) {
  BodyMemory memory(100'000);
  {
    BodyBuffer body(memory);
    EXPECT_TRUE(body.append(std::string(60'000, 'x')));
    EXPECT_EQ(memory.used(), 60'000u);
    EXPECT_FALSE(body.append(std::string(60'000, 'x')));
    EXPECT_EQ(body.size(), 60'000u);
    BodyBuffer other(memory);
    EXPECT_TRUE(other.append(std::string(40'000, 'x'))) << "what was refused took nothing";
    EXPECT_TRUE(other.space().empty());
  }
  EXPECT_EQ(memory.used(), 0u);
}

// What the front tells an operator.
class Warnings {
 public:
  Warn listener() {
    return [this](std::string_view event, std::string_view message) {
      const std::scoped_lock lock(mutex_);
      events_.emplace_back(event);
      if (event == "accept_paused") paused_.arrive();
      EXPECT_NE(message, "");
    };
  }
  bool await_pause() { return paused_.wait(); }
  std::vector<std::string> events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> events_;
  Meeting paused_;
};

TEST(AcceptingTest, PausesAtTheMostConnectionsAndGoesOnWhenOneEnds) {
  Warnings warnings;
  TestServer server(always(echo));
  server.use([&](HttpServer& front) {
    front.accept_at_most(2);
    front.on_warning(warnings.listener());
  });
  RawSocket first = server.connect();
  RawSocket second = server.connect();
  for (RawSocket* caller : {&first, &second}) {
    caller->say(get("/"));
    EXPECT_EQ(hear_answer(*caller).status, 200);
  }
  RawSocket third = server.connect();  // with the kernel, not with the server
  third.say(get("/"));
  ASSERT_TRUE(warnings.await_pause());
  EXPECT_EQ(server.counts().connections, 2u);
  second.say(get("/"));
  EXPECT_EQ(hear_answer(second).status, 200) << "those that are open are served";
  first.close();
  EXPECT_EQ(hear_answer(third).status, 200);
  EXPECT_THAT(warnings.events(), ElementsAre("accept_paused", "accept_resumed"));
  EXPECT_EQ(server.counts().pauses[static_cast<std::size_t>(PauseReason::connections)], 2u)
      << "with the third it is full again; that comes too soon to be told of";
}

TEST(AcceptingTest, APauseDoesNotOutliveTheListener) {
  Warnings warnings;
  TestServer server(always(echo));
  server.use([&](HttpServer& front) {
    front.accept_at_most(1);
    front.on_warning(warnings.listener());
  });
  RawSocket first = server.connect();
  ASSERT_TRUE(warnings.await_pause());
  RawSocket waiting = server.connect();  // with the kernel
  server.stop_accepting();
  EXPECT_EQ(waiting.take_rest(), "");
  EXPECT_EQ(waiting.end(), RawSocket::End::reset);
}

}  // namespace
}  // namespace dujiang::adapters::http
