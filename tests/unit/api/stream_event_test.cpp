#include "api/stream_event.hpp"

#include <gtest/gtest.h>

namespace dujiang::api {
namespace {

constexpr std::string_view kFirst =
    R"({"id":"1","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})";

const StreamEvent& read(StreamEventReader& reader, std::string_view data) {
  const auto event = reader.read(data);
  EXPECT_TRUE(event) << data << (event ? "" : event.error());
  static const StreamEvent kNone;
  return event ? **event : kNone;
}

TEST(StreamEvent, OfTheFirstChunkBringsNothingYet) {
  StreamEventReader reader;
  const StreamEvent& event = read(reader, kFirst);
  EXPECT_EQ(event.raw, kFirst);
  EXPECT_EQ(event.id, "1");
  EXPECT_EQ(event.model, "m");
  EXPECT_EQ(event.created, 5);
  ASSERT_EQ(event.choices.size(), 1u);
  EXPECT_FALSE(event.commits());
  EXPECT_FALSE(event.progress());
  EXPECT_FALSE(event.finishes());
}

TEST(StreamEvent, TellsContentFromReasoning) {
  StreamEventReader reader;
  const StreamEvent& thinking =
      read(reader, R"({"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"hm"}}]})");
  EXPECT_TRUE(thinking.reasoning());
  EXPECT_TRUE(thinking.progress());
  EXPECT_FALSE(thinking.commits());
  const StreamEvent& content =
      read(reader, R"({"choices":[{"index":0,"delta":{"content":"A\n","reasoning_content":null}}]})");
  EXPECT_FALSE(content.reasoning());
  EXPECT_TRUE(content.commits());
  EXPECT_EQ(content.choices[0].content, "A\n");
}

TEST(StreamEvent, TakesWhitespaceForNoProgressThoughItCommits) {
  StreamEventReader reader;
  const StreamEvent& event = read(reader, R"({"choices":[{"index":0,"delta":{"content":" \n\t"}}]})");
  EXPECT_FALSE(event.progress());
  EXPECT_TRUE(event.commits());
}

TEST(StreamEvent, KnowsToolCallsRefusalsPartsAndTexts) {
  StreamEventReader reader;
  EXPECT_TRUE(read(reader, R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})").commits());
  EXPECT_TRUE(read(reader, R"({"choices":[{"delta":{"function_call":{"name":"f"}}}]})").commits());
  EXPECT_TRUE(read(reader, R"({"choices":[{"delta":{"refusal":"no"}}]})").commits());
  EXPECT_TRUE(read(reader, R"({"choices":[{"delta":{"content":[{"type":"text","text":"x"}]}}]})").commits());
  EXPECT_TRUE(read(reader, R"({"choices":[{"index":0,"text":"x","finish_reason":null}]})").commits());
  EXPECT_FALSE(read(reader, R"({"choices":[{"delta":{"tool_calls":[]}}]})").commits());
  EXPECT_FALSE(read(reader, R"({"choices":[{"delta":{"refusal":null}}]})").commits());
}

TEST(StreamEvent, KnowsTheEndAndTheUsageOnlyChunk) {
  StreamEventReader reader;
  const StreamEvent& last = read(
      reader,
      R"({"choices":[{"index":2,"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4}})");
  EXPECT_TRUE(last.finishes());
  EXPECT_EQ(last.choices[0].index, 2u);
  EXPECT_EQ(last.choices[0].finish_reason, "length");
  EXPECT_EQ(last.usage->total_tokens, 7u);
  EXPECT_FALSE(last.usage_only());
  EXPECT_TRUE(
      read(reader, R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}})").usage_only());
  EXPECT_FALSE(read(reader, R"({"choices":[],"usage":null})").usage_only());
}

TEST(StreamEvent, KnowsErrorsNestedAndFlat) {
  StreamEventReader reader;
  for (const std::string_view data :
       {R"({"error":{"message":"x"}})", R"({"error":"x"})", R"({"code":50508,"message":"busy","data":null})",
        R"({"object":"error","message":"x","code":400})",
        R"({"choices":[{"delta":{}}],"error":{"code":502}})"}) {
    EXPECT_TRUE(read(reader, data).error) << data;
  }
  EXPECT_FALSE(read(reader, R"({"choices":[{"delta":{"content":"x"}}],"error":null})").error);
}

TEST(StreamEventReader, RefusesMalformedEvents) {
  StreamEventReader reader;
  for (const std::string_view data : {
           "",
           "{",
           "nonsense",
           "[1]",
           "null",
           "{}",
           R"({"type":"ping"})",
           R"({"choices":7})",
           R"({"choices":[7]})",
           R"({"choices":[{"index":-1,"delta":{}}]})",
           R"({"choices":[{"index":128,"delta":{}}]})",
           R"({"choices":[{"index":"0","delta":{}}]})",
           R"({"choices":[{"delta":"x"}]})",
           R"({"choices":[{"delta":{"content":7}}]})",
           R"({"choices":[{"delta":{"tool_calls":"x"}}]})",
           R"({"choices":[{"delta":{},"finish_reason":1}]})",
           R"({"id":7,"choices":[]})",
           "{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}",
           R"({"choices":[{"delta":{"content":"x"}}],"choices":[]})",
           R"({"choices":[{"delta":{"content":"x","content":""}}]})",
           R"({"choices":[{"delta":{},"finish_reason":"stop","finish_reason":null}]})",
       }) {
    EXPECT_FALSE(reader.read(data)) << data;
  }
  EXPECT_TRUE(reader.read(kFirst));
}

TEST(ReadUsage, TakesEitherNaming) {
  JsonParser parser;
  const auto usage = [&](std::string_view text) { return read_usage(*parser.parse(text)); };
  EXPECT_EQ(usage(R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":
                     {"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}})"),
            (Usage{10, 5, 15, 4, 3}));
  EXPECT_EQ(usage(R"({"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6,"completion_tokens":5})"),
            (Usage{10, 5, 15, 4, 0}));
  EXPECT_EQ(usage("null"), std::nullopt);
  EXPECT_EQ(usage("{}"), std::nullopt);
  EXPECT_EQ(usage(R"({"prompt_tokens":"many"})"), std::nullopt);
  EXPECT_EQ(usage(R"({"prompt_tokens":-1,"completion_tokens":2})"), (Usage{0, 2, 2, 0, 0}));
}

}  // namespace
}  // namespace dujiang::api
