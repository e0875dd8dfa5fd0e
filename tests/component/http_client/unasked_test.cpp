// An upstream that speaks before it is asked: what it says is nobody's answer.
#include <sys/socket.h>

#include "fixture.hpp"
#include "support/raw_socket.hpp"
#include "support/raw_upstream.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

// Takes the connection that the kernel has made already.
RawSocket accept_at(const ClosedPort& port) {
  return RawSocket(RawSocket::Adopt{::accept4(port.fd(), nullptr, nullptr, SOCK_CLOEXEC)});
}

TEST_F(ClientTest, TakesNoAnswerThatCameBeforeTheRequest) {
  const ClosedPort port;
  port.open();
  auto client = client_for(upstream_of({"http://127.0.0.1:" + std::to_string(port.port())}));
  const auto exchange = client->open(post());
  // One turn: the kernel connects, and the client has not seen it yet.
  EXPECT_EQ(run(loop_, exchange->next(loop_.now())).kind, HttpEvent::Kind::timeout);
  RawSocket server = accept_at(port);
  ASSERT_EQ(exchange->sent(), Sent::nothing);
  ASSERT_TRUE(server.say(answer_of("forged")));
  const Answer answer = run(loop_, finish(loop_, *exchange));
  EXPECT_EQ(answer.failure, IoFailure::protocol);
  EXPECT_THAT(answer.detail, HasSubstr("before it was asked"));
  EXPECT_EQ(answer.sent, Sent::nothing);
  EXPECT_EQ(client->counters("main").open, 0u);
}

TEST_F(ClientTest, DropsAConnectionWhoseAnswerCameBeforeTheWholeRequestWasSent) {
  ScriptedServer server(loop_, {{read_head(), send(answer_of("early")), await_end()},
                                {read_request(), send(answer_of("own"))}});
  auto client = client_for(server);
  const std::string body(32u << 20, 'x');
  EXPECT_EQ(fetch(*client, post(body)).body, "early");
  // What is left of the request would begin the next one. (Its writer lets go in a turn of its own.)
  run_until([&] { return client->counters("main").open == 0; });
  EXPECT_EQ(fetch(*client).body, "own");
}

TEST_F(ClientTest, NeedsTheBodyUntilAllOfItIsSentOnTheConnectionThatAnswers) {
  // The kept connection takes all of it and closes; the fresh one answers before it has read the rest.
  ScriptedServer server(
      loop_, {{read_request(), send(answer_of("a")), read_request()},
              {read_head(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"), pause(),
               await_end()}});
  auto client = client_for(server);
  EXPECT_EQ(fetch(*client).body, "a");
  const std::string body(32u << 20, 'x');
  const auto exchange = client->open(post(body));
  EXPECT_EQ(run(loop_, exchange->next(loop_.now() + 10s)).kind, HttpEvent::Kind::head);
  EXPECT_EQ(exchange->sent(), Sent::everything) << "it may be billed for the first";
  EXPECT_FALSE(exchange->is_done_with_body());
  server.proceed();
  run_until([&] { return exchange->is_done_with_body(); });
}

}  // namespace
}  // namespace dujiang::testing
