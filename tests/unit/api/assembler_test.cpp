#include "api/assembler.hpp"

#include <gtest/gtest.h>

#include "support/json_same.hpp"

namespace dujiang::api {
namespace {

std::string assemble(std::initializer_list<std::string_view> chunks) {
  Assembler assembler(1u << 20);
  for (const std::string_view chunk : chunks) EXPECT_TRUE(assembler.add(chunk)) << chunk;
  return assembler.whole();
}

TEST(Assembler, JoinsTextsAsTheyCameEscapesAndNumbersUnchanged) {
  EXPECT_EQ(
      assemble(
          {R"({"id":"1","object":"chat.completion.chunk","x":1.50,"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
           R"({"id":"1","object":"chat.completion.chunk","x":1.50,"choices":[{"index":0,"delta":{"content":"a\u00e9\n"}}]})",
           R"({"id":"1","object":"chat.completion.chunk","x":1.50,"choices":[{"index":0,"delta":{"content":"\"b"},"finish_reason":"stop"}]})"}),
      R"({"id":"1","object":"chat.completion","x":1.50,"choices":[{"index":0,"message":{"role":"assistant","content":"a\u00e9\n\"b"},"finish_reason":"stop"}]})");
}

TEST(Assembler, MergesToolCallsByIndexWhateverTheirOrder) {
  EXPECT_SAME_JSON(
      assemble(
          {R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"","type":"function","function":{"name":null,"arguments":"{"}}]}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"id":"b","function":{"name":"g","arguments":"}"}}]}}]})"}),
      R"({"choices":[{"index":0,"message":{"tool_calls":[
          {"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},
          {"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}}]})");
}

TEST(Assembler, KeepsChoicesApartAndInOrder) {
  EXPECT_SAME_JSON(
      assemble({R"({"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]})",
                R"({"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]})",
                R"({"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]})"}),
      R"({"choices":[{"index":0,"message":{"content":"aA"},"finish_reason":"stop"},
                      {"index":1,"message":{"content":"bB"},"finish_reason":"length"}]})");
}

TEST(Assembler, AppendsLogprobsOfChatsAndOfCompletions) {
  EXPECT_SAME_JSON(
      assemble(
          {R"({"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.10}],"refusal":null}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b","logprob":-0.20}],"refusal":null}}]})",
           R"({"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]})"}),
      R"({"choices":[{"index":0,"message":{"content":"ab"},"logprobs":{"content":[{"token":"a","logprob":-0.10},
          {"token":"b","logprob":-0.20}],"refusal":null},"finish_reason":"stop"}]})");
  EXPECT_SAME_JSON(
      assemble(
          {R"({"object":"text_completion","choices":[{"index":0,"text":"a","logprobs":{"tokens":["a"],"text_offset":[0]}}]})",
           R"({"object":"text_completion","choices":[{"index":0,"text":"b","logprobs":{"tokens":["b"],"text_offset":[1]}}]})"}),
      R"({"object":"text_completion","choices":[{"index":0,"text":"ab","logprobs":{"tokens":["a","b"],"text_offset":[0,1]}}]})");
}

TEST(Assembler, TakesUsageFromWhicheverChunkHasIt) {
  constexpr std::string_view kWanted =
      R"({"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})";
  EXPECT_SAME_JSON(
      assemble(
          {R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})"}),
      kWanted);
  EXPECT_SAME_JSON(
      assemble({R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"usage":null})",
                R"({"choices":[],"usage":{"prompt_tokens":1}})"}),
      kWanted);
}

TEST(Assembler, TakesALaterNullForNoNews) {
  EXPECT_SAME_JSON(
      assemble({R"({"x":1,"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]})",
                R"({"x":null,"choices":[{"index":0,"delta":{"content":null},"finish_reason":null}]})"}),
      R"({"x":1,"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]})");
}

TEST(Assembler, KeepsFieldsThatNobodyKnows) {
  EXPECT_SAME_JSON(
      assemble(
          {R"({"new":[1],"choices":[{"index":0,"seen":1,"delta":{"content":"a","thoughts":{"text":"x","n":1}}}]})",
           R"({"new":[2],"late":{"a":1},"choices":[{"index":0,"seen":2,"delta":{"content":"b","thoughts":{"text":"y","n":2},"list":[7]}}]})"}),
      R"({"new":[2],"late":{"a":1},"choices":[{"index":0,"seen":2,"message":{"content":"ab","thoughts":{"text":"xy","n":2},"list":[7]}}]})");
}

TEST(Assembler, SurvivesFieldsThatChangeTheirType) {
  EXPECT_SAME_JSON(
      assemble({R"({"choices":[{"index":0,"delta":{"x":"text","y":{"a":1},"z":[{"index":0,"t":"a"}]}}]})",
                R"({"choices":[{"index":0,"delta":{"x":{"b":2},"y":7,"z":"text"}}]})"}),
      R"({"choices":[{"index":0,"message":{"x":{"b":2},"y":7,"z":"text"}}]})");
}

TEST(Assembler, RefusesAnswersBeyondItsLimit) {
  Assembler assembler(10000);
  base::Result<void> result;
  int chunks = 0;
  while (result && chunks < 1000) {
    result = assembler.add(R"({"choices":[{"index":0,"delta":{"content":"0123456789"}}]})");
    ++chunks;
  }
  ASSERT_FALSE(result);
  EXPECT_LT(chunks, 1001);
  EXPECT_GT(chunks, 500);
  EXPECT_TRUE(result.error().message.contains("10000"));
}

TEST(Assembler, CountsTheSameFieldOverAndOverOnce) {
  Assembler assembler(10000);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(assembler.add(
        R"({"id":"0123456789","model":"0123456789","choices":[{"index":0,"delta":{"role":"assistant"}}]})"));
  }
  EXPECT_LT(assembler.bytes(), 2000u);
}

TEST(Assembler, RefusesHostileNumbersOfFieldsAndIndexes) {
  Assembler keys(64u << 20);
  base::Result<void> result;
  for (int i = 0; i < 2000 && result; ++i) result = keys.add("{\"k" + std::to_string(i) + "\":1}");
  EXPECT_FALSE(result);
  Assembler indexes(64u << 20);
  EXPECT_FALSE(indexes.add(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1000000}]}}]})"));
}

}  // namespace
}  // namespace dujiang::api
