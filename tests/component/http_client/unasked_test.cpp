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

}  // namespace
}  // namespace dujiang::testing
