#include "api/single_chunk.hpp"

#include <gtest/gtest.h>

#include "api/assembler.hpp"
#include "api/stream_event.hpp"
#include "support/json_same.hpp"

namespace dujiang::api {
namespace {

TEST(SingleChunk, IsAWholeAnswerInTheFormOfAChunk) {
  const std::string chunk = single_chunk(
      R"({"id":"i","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi",
          "tool_calls":[{"id":"a"},{"id":"b"}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1}})");
  EXPECT_SAME_JSON(
      chunk,
      R"({"id":"i","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant",
          "content":"hi","tool_calls":[{"id":"a","index":0},{"id":"b","index":1}]},"finish_reason":"tool_calls"}],
          "usage":{"prompt_tokens":1}})");
  StreamEventReader reader;
  const auto event = reader.read(chunk);
  ASSERT_TRUE(event);
  EXPECT_TRUE((*event)->commits());
  EXPECT_TRUE((*event)->finishes());
}

TEST(SingleChunk, AssemblesToTheSameAnswer) {
  for (
      const std::string_view answer :
      {R"({"id":"i","object":"chat.completion","created":1,"model":"m","choices":[
            {"index":0,"message":{"role":"assistant","content":"a\n\u00e9"},"logprobs":null,"finish_reason":"stop"},
            {"index":1,"message":{"role":"assistant","content":null,"refusal":"no"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":1,"completion_tokens":2},"system_fingerprint":"f"})",
       R"({"id":"i","object":"text_completion","choices":[{"index":0,"text":"abc","finish_reason":"length"}]})"}) {
    Assembler assembler(1u << 20);
    ASSERT_TRUE(assembler.add(single_chunk(answer)));
    EXPECT_SAME_JSON(assembler.whole(), answer);
  }
}

}  // namespace
}  // namespace dujiang::api
