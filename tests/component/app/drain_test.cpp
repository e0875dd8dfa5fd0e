// The end of the gateway: what SIGTERM and SIGINT do to what is under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

class DrainTest : public AppTest {
 protected:
  // A stream whose first piece has reached the caller.
  struct Stream {
    RawSocket caller;
    RawSocket up;
  };
  Stream begin_stream() const {
    RawSocket caller = ask_for_stream();
    RawSocket up = upstream_.accept();
    up.take_until("\r\n\r\n");
    up.say(stream_head() + content_event("first"));
    EXPECT_THAT(caller.hear(1), HasSubstr("HTTP/1.1 200"));
    return {std::move(caller), std::move(up)};
  }

  bool can_connect() const {
    try {
      const RawSocket probe(port_);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }
};

TEST_F(DrainTest, an_idle_gateway_ends_at_once_with_status_0) {
  for (int signal : {SIGTERM, SIGINT}) {
    serve("drain: {notice: 1m, grace: 1m}\n");
    gateway_->signal(signal);
    EXPECT_EQ(gateway_->wait(), 0);
    EXPECT_THAT(gateway_->rest_of_error(), HasSubstr("\"event\":\"draining\""));
  }
}

TEST_F(DrainTest, readyz_answers_503_during_the_notice) {
  serve("drain: {notice: 1m, grace: 1m}\n");
  const Stream stream = begin_stream();
  gateway_->signal(SIGTERM);
  EXPECT_THAT(gateway_->error_line(), HasSubstr("\"event\":\"draining\",\"message\":\"1 requests under way"));
  const HttpAnswer ready = get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, "draining\n");
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_THAT(get("/metrics").body, HasSubstr("dujiang_draining 1\n"));
}

TEST_F(DrainTest, a_stream_under_way_ends_whole_and_nobody_new_comes_in) {
  serve("drain: {notice: 0s, grace: 1m}\n");
  Stream stream = begin_stream();
  gateway_->signal(SIGTERM);
  gateway_->error_line();
  while (can_connect()) {
  }
  stream.up.say(content_event("second") + end_events());
  stream.up.close();
  const HttpAnswer answer = hear_answer(stream.caller);
  EXPECT_TRUE(answer.complete);
  EXPECT_THAT(answer.body, HasSubstr("second"));
  EXPECT_THAT(answer.body, HasSubstr("data: [DONE]"));
  EXPECT_EQ(gateway_->wait(), 0);
}

TEST_F(DrainTest, what_is_not_done_within_the_grace_period_is_cut_and_seen_as_cut) {
  serve("drain: {notice: 0s, grace: 100ms}\n");
  Stream stream = begin_stream();
  gateway_->signal(SIGTERM);
  EXPECT_FALSE(hear_answer(stream.caller).complete);
  EXPECT_EQ(gateway_->wait(), 0);
  EXPECT_THAT(gateway_->rest_of_error(), HasSubstr("\"event\":\"cut\""));
}

TEST_F(DrainTest, a_second_signal_ends_at_once) {
  serve("drain: {notice: 1m, grace: 1m}\n");
  Stream stream = begin_stream();
  gateway_->signal(SIGTERM);
  gateway_->error_line();
  gateway_->signal(SIGINT);
  EXPECT_FALSE(hear_answer(stream.caller).complete);
  EXPECT_EQ(gateway_->wait(), 128 + SIGINT);
}

TEST_F(DrainTest, a_second_signal_during_the_grace_period_ends_at_once) {
  serve("drain: {notice: 0s, grace: 1m}\n");
  const Stream stream = begin_stream();
  gateway_->signal(SIGINT);
  gateway_->error_line();
  while (can_connect()) {
  }
  gateway_->signal(SIGTERM);
  EXPECT_EQ(gateway_->wait(), 128 + SIGTERM);
}

}  // namespace
}  // namespace dujiang::testing
