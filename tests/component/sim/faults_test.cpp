// The rows of the catalogue that begin with a 200, and what lies beyond the catalogue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <boost/json.hpp>

#include "component/sim/fixture.hpp"
#include "sim/answer.hpp"

namespace dujiang::sim {
namespace {

namespace json = boost::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string with(std::string_view fault) {
  return "What flows? [[sim-tokens 30]] [[sim-fault " + std::string(fault) + "]]";
}

std::string answer(std::string_view fault) { return AnswerText(with(fault)).text(); }

class Faults : public SimTest {
 protected:
  void SetUp() override { start(); }

  Reply stream(std::string_view fault, std::string_view more = {}) const {
    return chat(with(fault), true, more);
  }
  Reply whole(std::string_view fault) const { return chat(with(fault), false); }
  // The end of the log's last line.
  std::string last_outcome() const {
    const std::string log = get("/sim/log").body;
    const std::size_t at = log.rfind(R"("outcome":")") + 11;
    return log.substr(at, log.find('"', at) - at);
  }
};

TEST_F(Faults, Row1And2QueueWithSignsOfLifeAndThenAnswer) {
  for (const std::string fault : {"1", "2; after=25; every=10"}) {
    const Reply streamed_reply = stream(fault);
    EXPECT_THAT(streamed_reply.body, StartsWith(": keep-alive\n\n: keep-alive\n\ndata: {"));
    EXPECT_EQ(streamed(streamed_reply.body).content, answer(fault));
    const Reply unstreamed = whole(fault);
    EXPECT_THAT(unstreamed.body, StartsWith("\n\n{"));
    EXPECT_TRUE(unstreamed.has_field("Transfer-Encoding: chunked\r\n"));
    EXPECT_EQ(content_of(unstreamed.body), answer(fault));
  }
}

TEST_F(Faults, Row3And4ExpireInTheQueue) {
  for (const std::string fault : {"3; after=30", "4; after=30; every=10"}) {
    const Reply streamed_reply = stream(fault);
    EXPECT_THAT(streamed_reply.body, StartsWith(": keep-alive\n\n"));
    EXPECT_TRUE(events(streamed_reply.body).empty());
    EXPECT_EQ(streamed_reply.end, End::complete);
    const Reply unstreamed = whole(fault);
    EXPECT_THAT(unstreamed.body, testing::MatchesRegex("\n+"));
    EXPECT_EQ(unstreamed.end, End::complete);
  }
  EXPECT_EQ(last_outcome(), "cut");
  EXPECT_EQ(whole("3; variant=eof; after=30").end, End::eof);
  EXPECT_EQ(stream("3; variant=reset; after=30").end, End::reset);
}

TEST_F(Faults, Row5IsFourNewlines) {
  for (const bool streams : {false, true}) {
    const Reply reply = chat(with("5"), streams);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "\n\n\n\n");
    EXPECT_EQ(reply.end, End::complete);
    const Reply to_the_end = chat(with("5; variant=eof"), streams);
    EXPECT_EQ(to_the_end.body, "\n\n\n\n");
    EXPECT_EQ(to_the_end.end, End::eof);
    EXPECT_FALSE(to_the_end.has_field("Transfer-Encoding"));
  }
  EXPECT_EQ(last_outcome(), "cut");
}

TEST_F(Faults, Row6IsNothingAtAll) {
  for (const bool streams : {false, true}) {
    const Reply sized = chat(with("6"), streams);
    EXPECT_EQ(sized.status, 200);
    EXPECT_TRUE(sized.has_field("Content-Length: 0\r\n"));
    EXPECT_EQ(sized.body, "");
    const Reply chunked = chat(with("6; after=60; variant=chunked"), streams);
    EXPECT_TRUE(chunked.has_field("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(chunked.raw, EndsWith("\r\n\r\n0\r\n\r\n"));
  }
}

TEST_F(Faults, Row17AnswersAfterAllWithoutASignBefore) {
  const Reply reply = stream("17; after=30");
  EXPECT_THAT(reply.body, StartsWith("data: "));
  EXPECT_EQ(streamed(reply.body).content, answer("17; after=30"));
  EXPECT_EQ(content_of(whole("17; after=30").body), answer("17; after=30"));
}

TEST_F(Faults, Row18ResetsAfterTheHead) {
  for (const bool streams : {false, true}) {
    const Reply reply = chat(with("18"), streams);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.end, End::reset);
  }
  EXPECT_EQ(last_outcome(), "reset");
}

TEST_F(Faults, Row19BreaksMidway) {
  const Reply reset = stream("19; after=7");
  EXPECT_EQ(streamed(reset.body).deltas, 7u);
  EXPECT_EQ(streamed(reset.body).finish_reason, "");
  EXPECT_EQ(reset.end, End::reset);
  EXPECT_EQ(last_outcome(), "reset");
  EXPECT_THAT(get("/sim/log").body, HasSubstr(R"("fault":"19","tokens":7,"outcome":"reset","stream":true})"));
  const Reply eof = stream("19; variant=eof");
  EXPECT_EQ(streamed(eof.body).deltas, 10u);
  EXPECT_EQ(eof.end, End::eof);
  EXPECT_EQ(whole("19").end, End::reset);
  const Reply half = whole("19; variant=eof");
  EXPECT_THAT(half.body, StartsWith(R"({"id":)"));
  EXPECT_EQ(half.end, End::eof);
}

TEST_F(Faults, Row20EndsCleanlyWithoutDone) {
  const Reply reply = stream("20");
  EXPECT_EQ(reply.end, End::complete);
  const Streamed part = streamed(reply.body);
  EXPECT_EQ(part.deltas, 10u);
  EXPECT_EQ(part.dones, 0u);
  EXPECT_EQ(part.finish_reason, "");
  EXPECT_EQ(last_outcome(), "cut");
  const Reply half = whole("20");
  EXPECT_EQ(half.end, End::complete);
  json::error_code error;
  json::parse(half.body, error);
  EXPECT_TRUE(error);
}

TEST_F(Faults, Row21FallsSilentInTheThoughtAndGoesOn) {
  const Reply reply = stream("21; after=4");
  const Streamed all = streamed(reply.body);
  EXPECT_EQ(all.reasoning, AnswerText(with("21; after=4"), Voice::reasoning).text());
  EXPECT_EQ(all.content, answer("21; after=4"));
  EXPECT_EQ(all.dones, 1u);
  EXPECT_EQ(content_of(whole("21").body), answer("21"));
}

TEST_F(Faults, Row21FallsSilentForEver) {
  for (const std::string fault :
       {"21; after=3; variant=forever", "21; after=3; for=forever; variant=content"}) {
    Caller caller(port());
    caller.send(post("/v1/chat/completions", chat_body(with(fault), true)));
    const AnswerText text(with(fault), fault.contains("content") ? Voice::content : Voice::reasoning);
    std::string got = caller.receive_until(text.token(2));
    EXPECT_FALSE(got.contains(text.token(3) + "\""));
    EXPECT_EQ(stat("slots_held_now"), 1u);
    caller.hang_up();
    expect_stat("slots_held_now", 0);
  }
  EXPECT_EQ(stat("done"), 0u);
}

TEST_F(Faults, Row22ClosesAfterAStall) {
  const Reply reply = stream("22; after=5; for=20");
  EXPECT_EQ(streamed(reply.body).deltas, 5u);
  EXPECT_EQ(reply.end, End::eof);
  EXPECT_EQ(last_outcome(), "stalled");
  const Reply unstreamed = whole("22; for=20");
  EXPECT_EQ(unstreamed.status, 200);
  EXPECT_EQ(unstreamed.body, "");
  EXPECT_EQ(unstreamed.end, End::eof);
}

TEST_F(Faults, Row23NeverGetsToAToken) {
  for (const bool streams : {false, true}) {
    Caller caller(port());
    caller.send(post("/v1/chat/completions", chat_body(with("23; every=1"), streams)));
    const std::string sign = streams ? "e\r\n: keep-alive\n\n\r\n" : "1\r\n\n\r\n";
    caller.receive_until(sign + sign + sign);
  }
  expect_stat("slots_held_now", 0);
}

TEST_F(Faults, Row24EndsForWantOfResources) {
  const Reply reply = stream("24");
  const Streamed part = streamed(reply.body);
  EXPECT_EQ(part.content, AnswerText(with("24")).text(10));
  EXPECT_EQ(part.finish_reason, "insufficient_system_resource");
  EXPECT_EQ(part.dones, 1u);
  EXPECT_EQ(last_outcome(), "cut");
  const Reply unstreamed = whole("24");
  EXPECT_EQ(content_of(unstreamed.body), AnswerText(with("24")).text(10));
  EXPECT_THAT(unstreamed.body, HasSubstr(R"("finish_reason":"insufficient_system_resource")"));
}

TEST_F(Faults, Row25SucceedsWithNothing) {
  const Streamed empty = streamed(stream("25").body);
  EXPECT_EQ(empty.content, "");
  EXPECT_EQ(empty.finish_reason, "stop");
  EXPECT_EQ(empty.dones, 1u);
  EXPECT_THAT(stream("25; variant=null").body, HasSubstr(R"("content":null)"));
  const Streamed thought = streamed(stream("25; variant=reasoning").body);
  EXPECT_EQ(thought.content, "");
  EXPECT_EQ(thought.reasoning, AnswerText(with("25; variant=reasoning"), Voice::reasoning).text());
  EXPECT_THAT(whole("25").body, HasSubstr(R"("message":{"role":"assistant","content":""})"));
  EXPECT_THAT(whole("25; variant=null").body, HasSubstr(R"("message":{"role":"assistant","content":null})"));
  EXPECT_THAT(whole("25; variant=reasoning").body, HasSubstr(R"("content":"","reasoning_content":")"));
  EXPECT_EQ(last_outcome(), "cut");
}

TEST_F(Faults, Row26PutsAnErrorIntoTheStream) {
  const std::string error =
      R"({"error":{"message":"Internal server error","type":"internal_error","param":null,"code":"internal_error"}})";
  const Reply reply = stream("26; after=3");
  EXPECT_EQ(streamed(reply.body).deltas, 3u);
  EXPECT_THAT(reply.body, EndsWith("data: " + error + "\n\n"));
  EXPECT_EQ(reply.end, End::complete);
  EXPECT_THAT(stream("26; after=0").body, testing::Not(HasSubstr("finish_reason\":\"stop")));
  EXPECT_THAT(stream("26; variant=done").body, EndsWith("data: " + error + "\n\ndata: [DONE]\n\n"));
  const Reply unstreamed = whole("26");
  EXPECT_EQ(unstreamed.status, 200);
  EXPECT_EQ(unstreamed.body, error);
}

TEST_F(Faults, Row27SendsOddChunks) {
  const Reply reply = stream("27");
  const auto all = events(reply.body);
  EXPECT_THAT(all.front(), HasSubstr(R"("reasoning_content":"")"));
  ASSERT_GE(all.size(), 3u);
  EXPECT_THAT(all[all.size() - 2], HasSubstr(R"("choices":[],"usage":{)"));
  EXPECT_EQ(streamed(reply.body).content, answer("27"));
}

TEST_F(Faults, Row28EndsLinesWithCrlf) {
  const Reply reply = stream("28; variant=crlf");
  EXPECT_THAT(reply.body, EndsWith("data: [DONE]\r\n\r\n"));
  EXPECT_FALSE(reply.body.contains("\n\n"));
  EXPECT_EQ(streamed(reply.body).content, answer("28; variant=crlf"));
}

TEST_F(Faults, Row28SplitsCharactersOverChunks) {
  const Reply reply = stream("28; variant=split_utf8");
  EXPECT_EQ(streamed(reply.body).content, answer("28; variant=split_utf8"));
  const auto ends_inside = [](std::string_view read) {
    return read.ends_with("\r\n") && read.size() > 3 &&
           static_cast<unsigned char>(read[read.size() - 3]) >= 0xc0;
  };
  EXPECT_TRUE(std::ranges::any_of(reply.reads, ends_inside));
  EXPECT_EQ(content_of(whole("28; variant=split_utf8").body), answer("28; variant=split_utf8"));
}

TEST_F(Faults, Row28PutsCommentsBetweenEventsOrNoSpaceAfterData) {
  EXPECT_THAT(stream("28; variant=comment").body, StartsWith(": a comment\n\ndata: {"));
  const Reply nospace = stream("28; variant=nospace");
  EXPECT_THAT(nospace.body, StartsWith("data:{"));
  EXPECT_EQ(streamed(nospace.body).content, answer("28; variant=nospace"));
}

TEST_F(Faults, Row28LabelsAStreamAsJson) {
  const Reply reply = stream("28; variant=label_json");
  EXPECT_TRUE(reply.has_field("Content-Type: application/json\r\n"));
  EXPECT_EQ(streamed(reply.body).content, answer("28; variant=label_json"));
}

TEST_F(Faults, Row28SendsByteByByte) {
  const Reply reply = stream("28; variant=byte");
  EXPECT_EQ(streamed(reply.body).content, answer("28; variant=byte"));
  // The kernel may join some of them; not all.
  EXPECT_GT(reply.reads.size(), 50u);
  EXPECT_EQ(content_of(whole("28; variant=byte").body), answer("28; variant=byte"));
}

TEST_F(Faults, Row29Drips) {
  EXPECT_EQ(streamed(stream("29; every=10").body).content, answer("29; every=10"));
  EXPECT_EQ(content_of(whole("29; every=10").body), answer("29; every=10"));
}

TEST_F(Faults, Row30HidesOpenRoutersErrorInA200) {
  const Reply reply = stream("30; variant=openrouter");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, StartsWith(": OPENROUTER PROCESSING\n\n"));
  EXPECT_THAT(events(reply.body).back(), HasSubstr(R"("finish_reason":"error")"));
  const Reply unstreamed = whole("30; variant=openrouter");
  EXPECT_EQ(unstreamed.status, 200);
  EXPECT_THAT(unstreamed.body, StartsWith(R"({"error":{"code":503)"));
}

TEST_F(Faults, GarbageIsNotHttp) {
  const Reply reply = whole("garbage");
  EXPECT_EQ(reply.status, 0);
  EXPECT_THAT(reply.raw, HasSubstr("this is not HTTP"));
}

TEST_F(Faults, HeadsAndLinesThatNeverEndGoOnUntilTheCallerLeaves) {
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

TEST_F(Faults, TruncatedBodiesAreShorterThanTheirLength) {
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

TEST_F(Faults, GzipComesUnasked) {
  const Reply reply = stream("gzip");
  EXPECT_TRUE(reply.has_field("Content-Encoding: gzip\r\n"));
  EXPECT_EQ(streamed(gunzip(reply.body)).content, answer("gzip"));
  EXPECT_EQ(content_of(gunzip(whole("gzip").body)), answer("gzip"));
}

TEST_F(Faults, HugeAnswersAreManyMegabytes) {
  EXPECT_EQ(streamed(stream("huge; after=20000").body).deltas, 20'000u);
  EXPECT_GT(content_of(whole("huge").body).size(), 4'000'000u);
}

TEST_F(Faults, AMalformedEventStandsAmongGoodOnes) {
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

TEST_F(Faults, DoneMayFailToComeOrComeTwice) {
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

TEST_F(Faults, WhitespaceGoesOnForEver) {
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
  for (int i = 0; i < 8; ++i)
    resets += chat("[[sim-tokens 1200]] " + std::to_string(i), i % 2 == 0).end == End::reset;
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
    for (int i = 0; i < 40; ++i) out.push_back(chat(std::to_string(i), false).status);
    stop();
    return out;
  };
  EXPECT_EQ(outcomes(5), outcomes(5));
  EXPECT_NE(outcomes(5), outcomes(6));
}

}  // namespace
}  // namespace dujiang::sim
