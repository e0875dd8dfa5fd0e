#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/chat_request.hpp"

namespace dujiang::sim {
namespace {

using testing::HasSubstr;

TEST(ChatRequest, TakesTheLastUserMessageAsThePrompt) {
  const auto chat =
      parse_chat(R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},
    {"role":"assistant","content":"b"},{"role":"user","content":"c"}],"stream":true,"max_tokens":9,"n":2})",
                 false);
  ASSERT_TRUE(chat) << chat.error().message;
  EXPECT_EQ(chat->prompt, "c");
  EXPECT_EQ(chat->model, "m");
  EXPECT_TRUE(chat->stream);
  EXPECT_EQ(chat->max_tokens, 9u);
  EXPECT_EQ(chat->choices, 2u);
  EXPECT_FALSE(chat->prefix);
  EXPECT_FALSE(chat->thinking);
}

TEST(ChatRequest, JoinsTheTextsOfParts) {
  const auto chat = parse_chat(
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]})",
      false);
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->prompt, "ab");
}

TEST(ChatRequest, ContinuesAPrefixOnBetaOnly) {
  const std::string_view body =
      R"({"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"Once","prefix":true}]})";
  const auto chat = parse_chat(body, true);
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->prefix, "Once");
  const auto refused = parse_chat(body, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_THAT(refused.error().message, HasSubstr("/beta"));
}

TEST(ChatRequest, ContinuesTheFinalMessageAsVllmDoes) {
  const auto chat = parse_chat(
      R"({"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"Once"}],
      "continue_final_message":true,"add_generation_prompt":false})",
      false);
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->prefix, "Once");
}

std::string with_tools(std::string_view prompt, std::string_view more) {
  return R"({"model":"m","messages":[{"role":"user","content":")" + std::string(prompt) +
         R"("}],"tools":[{"type":"function","function":{"name":"look_up","parameters":{"type":"object",
         "properties":{"city":{"type":"string"}}}}}])" +
         std::string(more) + "}";
}

TEST(ChatRequest, CallsAToolOnItsCue) {
  EXPECT_EQ(parse_chat(with_tools("Please use the tool", ""), false)->tool, "look_up");
  EXPECT_EQ(parse_chat(with_tools("Please use the tool", ""), false)->tool_parameter, "city");
  EXPECT_FALSE(parse_chat(with_tools("Just talk", ""), false)->tool);
  EXPECT_TRUE(parse_chat(with_tools("Just talk", R"(,"tool_choice":"required")"), false)->tool);
  EXPECT_FALSE(parse_chat(with_tools("use the tool", R"(,"tool_choice":"none")"), false)->tool);
}

struct Wrong {
  std::string_view body;
  int status;
  std::string_view message;
};

class WrongRequest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRequest, IsRefusedWithWhatIsWrong) {
  const auto chat = parse_chat(GetParam().body, false);
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().status, GetParam().status);
  EXPECT_THAT(chat.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongRequest,
    testing::Values(
        Wrong{"{", 400, "not valid JSON"}, Wrong{"[]", 400, "JSON object"}, Wrong{"", 400, "not valid JSON"},
        Wrong{R"({"model":"m"})", 422, "missing field `messages`"},
        Wrong{R"({"messages":[{"role":"user","content":"a"}]})", 422, "missing field `model`"},
        Wrong{R"({"model":"m","messages":[]})", 422, "messages has to be"},
        Wrong{R"({"model":"m","messages":[3]})", 422, "messages has to be"},
        Wrong{R"({"model":7,"messages":[{"role":"user","content":"a"}]})", 422, "model has to be a string"},
        Wrong{R"({"model":"m","messages":[{"role":"user","content":"a"}],"stream":"yes"})", 422,
              "stream has to be"},
        Wrong{R"({"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":0})", 422,
              "max_tokens has to be"},
        Wrong{R"({"model":"m","messages":[{"role":"user","content":"a"}],"n":99})", 422, "n has to be"}));

TEST(CompletionRequest, AnswersPromptAndSuffixTogether) {
  const auto request = parse_completion(R"({"model":"m","prompt":"def f(","suffix":"return 1"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->form, Form::completion);
  EXPECT_EQ(request->prompt, "def f(return 1");
}

TEST(EmbeddingsRequest, TakesOneInputOrSeveral) {
  EXPECT_EQ(parse_embeddings(R"({"model":"m","input":"a"})")->inputs.size(), 1u);
  const auto two =
      parse_embeddings(R"({"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":8})");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->inputs.size(), 2u);
  EXPECT_TRUE(two->base64);
  EXPECT_EQ(two->dimensions, 8u);
  EXPECT_FALSE(parse_embeddings(R"({"model":"m","input":[]})"));
}

}  // namespace
}  // namespace dujiang::sim
