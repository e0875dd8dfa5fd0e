// What lies beyond the catalogue: bytes that attack a gateway, hazards, and the draws that decide.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <boost/json.hpp>

#include "component/sim/fault_calls.hpp"

namespace dujiang::sim {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class Beyond : public FaultTest {};

TEST_F(Beyond, GarbageIsNotHttp) {
  const Reply reply = whole("garbage");
  EXPECT_EQ(reply.status, 0);
  EXPECT_THAT(reply.raw, HasSubstr("this is not HTTP"));
}

TEST_F(Beyond, HeadsAndLinesThatNeverEndGoOnUntilTheCallerLeaves) {
  for (const std::string fault : {"endless-head", "endless-line"}) {
    for (const bool streams : {false, true}) {
      Caller caller(port());
      caller.send(post("/v1/chat/completions", chat_body(with(fault), streams)));
      const std::string got = caller.receive_bytes(200'000);
      EXPECT_EQ(got.contains("\r\n\r\n"), fault == "endless-line");
    }
    expect_stat("slots_held_now", 0);
  }
}

TEST_F(Beyond, TruncatedBodiesAreShorterThanTheirLength) {
  for (const bool streams : {false, true}) {
    const Reply reply = chat(with("truncated"), streams);
    EXPECT_TRUE(reply.has_field("Content-Length: "));
    EXPECT_EQ(reply.end, End::eof);
    EXPECT_GT(reply.body.size(), 100u);
  }
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(Beyond, GzipComesUnasked) {
  const Reply reply = stream("gzip");
  EXPECT_TRUE(reply.has_field("Content-Encoding: gzip\r\n"));
  EXPECT_EQ(streamed(gunzip(reply.body)).content, answer("gzip"));
  EXPECT_EQ(content_of(gunzip(whole("gzip").body)), answer("gzip"));
}

TEST_F(Beyond, HugeAnswersAreManyMegabytes) {
  EXPECT_EQ(streamed(stream("huge; after=20000").body).deltas, 20'000u);
  EXPECT_GT(content_of(whole("huge").body).size(), 4'000'000u);
}

TEST_F(Beyond, AMalformedEventStandsAmongGoodOnes) {
  const Reply reply = stream("malformed-event; after=3");
  const Streamed all = streamed(reply.body);
  EXPECT_EQ(all.content, answer("malformed-event; after=3"));
  EXPECT_EQ(all.dones, 1u);
  EXPECT_EQ(std::ranges::count_if(events(reply.body),
                                  [](const std::string& event) { return event.ends_with("\"del"); }),
            1);
  json::error_code error;
  json::parse(whole("malformed-event").body, error);
  EXPECT_TRUE(error);
}

TEST_F(Beyond, DoneMayFailToComeOrComeTwice) {
  const Reply none = stream("no-done");
  EXPECT_EQ(streamed(none.body).dones, 0u);
  EXPECT_EQ(streamed(none.body).finish_reason, "stop");
  EXPECT_EQ(none.end, End::complete);
  EXPECT_EQ(streamed(stream("double-done").body).dones, 2u);
  Caller caller(port());
  caller.send(post("/v1/chat/completions", chat_body(with("no-done; variant=hang"), true)));
  caller.receive_until(R"("finish_reason":"stop")");
  caller.hang_up();
  expect_stat("slots_held_now", 0);
}

TEST_F(Beyond, WhitespaceGoesOnForEver) {
  Caller caller(port());
  caller.send(post("/v1/chat/completions", chat_body(with("whitespace"), true)));
  const std::string got = caller.receive_until(R"("content":" \n")");
  EXPECT_FALSE(got.contains("[DONE]"));
}

class Hazards : public SimTest {};

TEST_F(Hazards, StallAndResetStreamsOfAScenario) {
  Options options;
  options.scenario = parse_scenario("test", "test.yaml", "phases: [{hazards: {reset: 1}}]").value();
  options.speed = 100;
  start(std::move(options));
  int resets = 0;
  for (int i = 0; i < 8; ++i) {
    resets += chat("[[sim-tokens 1200]] " + std::to_string(i), i % 2 == 0).end == End::reset;
  }
  EXPECT_EQ(resets, 8);
  EXPECT_EQ(stat("reset"), 8u);
  call("/sim/reset", "");
  EXPECT_EQ(stat("reset"), 0u);
}

class Draws : public SimTest {};

TEST_F(Draws, MeetTheSameAttemptsInEveryRun) {
  const auto outcomes = [this](std::uint64_t seed) {
    Options options;
    options.scenario =
        parse_scenario("t", "t", R"(phases: [{faults: {"7": 0.5, "11": 0.3, "14": 0.2}}])").value();
    options.seed = seed;
    // A clock that all but stands still: all attempts fall into one slot, and only their order counts.
    options.speed = 1e-6;
    start(std::move(options));
    std::vector<int> out;
    out.reserve(40);
    for (int i = 0; i < 40; ++i) out.push_back(chat(std::to_string(i), false).status);
    stop();
    return out;
  };
  EXPECT_EQ(outcomes(5), outcomes(5));
  EXPECT_NE(outcomes(5), outcomes(6));
}

}  // namespace
}  // namespace dujiang::sim
