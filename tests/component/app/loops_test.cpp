// `loops: 4` as an operator starts it: the start, the end, and a second program at the same address.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

class LoopsTest : public AppTest {
 protected:
  struct Stream {
    RawSocket caller;
    RawSocket up;
  };
  // Streams whose first piece has reached the caller; the kernel deals them out to the loops.
  std::deque<Stream> begin_streams(int count) const {
    std::deque<Stream> streams;
    for (int i = 0; i < count; ++i) {
      RawSocket caller = ask_for_stream();
      RawSocket up = upstream_.accept();
      up.take_until("\r\n\r\n");
      up.say(stream_head() + content_event("first"));
      EXPECT_THAT(caller.hear(1), HasSubstr("HTTP/1.1 200"));
      streams.push_back({std::move(caller), std::move(up)});
    }
    return streams;
  }
};

TEST_F(LoopsTest, streams_on_every_loop_end_whole_after_a_signal) {
  serve("loops: 4\ndrain: {notice: 0s, grace: 1m}\n");
  auto streams = begin_streams(12);
  gateway_->signal(SIGTERM);
  EXPECT_THAT(gateway_->error_line(),
              HasSubstr("\"event\":\"draining\",\"message\":\"12 requests under way"));
  for (Stream& stream : streams) {
    stream.up.say(content_event("second") + end_events());
    stream.up.close();
    const HttpAnswer answer = hear_answer(stream.caller);
    EXPECT_TRUE(answer.complete);
    EXPECT_THAT(answer.body, HasSubstr("second"));
  }
  EXPECT_EQ(gateway_->wait(), 0);
}

TEST_F(LoopsTest, what_is_not_done_within_the_grace_period_is_cut_on_every_loop) {
  serve("loops: 4\ndrain: {notice: 0s, grace: 100ms}\n");
  auto streams = begin_streams(12);
  gateway_->signal(SIGTERM);
  for (Stream& stream : streams) EXPECT_FALSE(hear_answer(stream.caller).complete);
  EXPECT_EQ(gateway_->wait(), 0);
  EXPECT_THAT(gateway_->rest_of_error(), HasSubstr("\"event\":\"cut\",\"message\":\"12 requests"));
}

TEST_F(LoopsTest, readyz_answers_503_on_every_loop_during_the_notice) {
  serve("loops: 4\ndrain: {notice: 1m, grace: 1m}\n");
  auto streams = begin_streams(1);
  EXPECT_EQ(get("/readyz").status, 200);
  gateway_->signal(SIGTERM);
  gateway_->error_line();
  for (int i = 0; i < 16; ++i) EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_THAT(get("/metrics").body, HasSubstr("dujiang_draining 1\n"));
}

TEST_F(LoopsTest, a_second_program_at_the_same_address_is_refused_with_a_clear_line) {
  serve("loops: 4\n");
  const std::string config = write_file("second.yaml",
                                        "version: 1\nloops: 4\nupstreams: [{name: up, base_url: "
                                        "\"http://127.0.0.1:1\", api_key: sk-key-of-the-gateway}]\n"
                                        "routes: [{name: all, match: \"*\", targets: [{upstream: up}]}]\n");
  const Ended second = run_dujiang(
      {.arguments = {"serve", "--config", config, "--listen", "127.0.0.1:" + std::to_string(port_)}});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.error, HasSubstr("the port is in use by another program"));
}

}  // namespace
}  // namespace dujiang::testing
