// The rows of the catalogue that begin with a 200.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "component/sim/fault_calls.hpp"

namespace dujiang::sim {
namespace {

namespace json = boost::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Faults : public FaultTest {};

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

TEST_F(Faults, Row3And5CloseTheConnectionThough) {
  for (const std::string fault : {"3; after=20", "5"}) {
    Caller caller(port());
    caller.send(post("/v1/chat/completions", chat_body(with(fault), false)));
    const Reply reply = caller.receive();
    EXPECT_EQ(reply.end, End::complete);
    EXPECT_TRUE(reply.has_field("Connection: keep-alive\r\n"));
    EXPECT_EQ(caller.receive().end, End::eof);
  }
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
  EXPECT_THAT(get("/sim/log").body,
              HasSubstr(R"("fault":"19","content_tokens":7,"outcome":"reset","stream":true})"));
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
    caller.receive_until(streams ? "e\r\n: keep-alive\n\n\r\ne\r\n: keep-alive\n\n\r\n"
                                 : "1\r\n\n\r\n1\r\n\n\r\n");
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
  // A chunk that ends with the first byte of a character.
  const auto ends_inside = std::ranges::adjacent_find(
      reply.raw, [](char lead, char end) { return static_cast<unsigned char>(lead) >= 0xc0 && end == '\r'; });
  EXPECT_NE(ends_inside, reply.raw.end());
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
  EXPECT_GT(reply.reads.size(), 10u);
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

}  // namespace
}  // namespace dujiang::sim
