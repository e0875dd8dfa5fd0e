#include "api/call.hpp"

#include <gtest/gtest.h>

#include <span>

#include "api/json.hpp"

namespace dujiang::api {
namespace {

Call parse(std::string_view body, Operation operation = Operation::chat) {
  auto call = parse_call(operation, body);
  EXPECT_TRUE(call) << body << ": " << (call ? "" : call.error().message);
  return call ? *call : Call{};
}

TEST(ParseCall, ReadsWhatTheGatewayNeeds) {
  const Call call = parse(R"({"model":"deepseek-chat","stream":true,"stream_options":{"include_usage":true},
      "max_tokens":1,"n":2,"temperature":0,"response_format":{"type":"json_object"},"thinking":{"type":"disabled"},
      "tools":[{"type":"function","function":{"name":"f"}}],"unknown":{"deep":[1]},
      "messages":[{"role":"system","content":"abc"},{"role":"assistant","content":"de","prefix":true}]})");
  EXPECT_EQ(call.model, "deepseek-chat");
  EXPECT_TRUE(call.stream);
  EXPECT_TRUE(call.include_usage);
  EXPECT_EQ(call.max_tokens, 1u);
  EXPECT_TRUE(call.one_token());
  EXPECT_EQ(call.n, 2u);
  EXPECT_TRUE(call.deterministic);
  EXPECT_TRUE(call.needs_json);
  EXPECT_TRUE(call.needs_tools);
  EXPECT_EQ(call.thinking, false);
  EXPECT_EQ(call.last_role, "assistant");
  EXPECT_TRUE(call.prefix);
  EXPECT_GE(call.prompt_bytes, std::string_view("systemabcassistantdefunctionfunctionf").size());
}

TEST(ParseCall, HasDefaultsForWhatIsAbsentOrNull) {
  for (const std::string_view body :
       {R"({"model":"m","messages":[]})",
        R"({"model":"m","messages":[],"stream":null,"stream_options":null,"max_tokens":null,"n":null,
            "temperature":null,"response_format":null,"thinking":null,"tools":null,"reasoning_effort":null})"}) {
    const Call call = parse(body);
    EXPECT_FALSE(call.stream);
    EXPECT_FALSE(call.include_usage);
    EXPECT_EQ(call.max_tokens, std::nullopt);
    EXPECT_EQ(call.n, 1u);
    EXPECT_FALSE(call.deterministic);
    EXPECT_FALSE(call.needs_json);
    EXPECT_FALSE(call.needs_tools);
    EXPECT_EQ(call.thinking, std::nullopt);
    EXPECT_EQ(call.last_role, "");
  }
}

TEST(ParseCall, UnderstandsTheOtherNamesOfTheSameThings) {
  EXPECT_EQ(parse(R"({"model":"m","messages":[],"max_completion_tokens":9})").max_tokens, 9u);
  EXPECT_EQ(parse(R"({"model":"m","messages":[],"max_tokens":-1})").max_tokens, std::nullopt);
  EXPECT_TRUE(parse(R"({"model":"m","messages":[],"functions":[{}]})").needs_tools);
  EXPECT_FALSE(parse(R"({"model":"m","messages":[],"tool_choice":"none","tools":[{}]})").needs_tools);
  EXPECT_EQ(parse(R"({"model":"m","messages":[],"reasoning_effort":"none"})").thinking, false);
  EXPECT_EQ(parse(R"({"model":"m","messages":[],"reasoning_effort":"high"})").thinking, true);
  EXPECT_EQ(parse(R"({"model":"m","messages":[],"reasoning_effort":"high","thinking":{"type":"disabled"}})")
                .thinking,
            false);
}

TEST(ParseCall, BelievesThinkingRatherThanTheEffortWhateverTheirOrder) {
  EXPECT_EQ(parse(R"({"thinking":{"type":"disabled"},"reasoning_effort":"high","model":"m","messages":[]})")
                .thinking,
            false);
}

TEST(ParseCall, CountsTextButNotMedia) {
  const Call call =
      parse(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"12345"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}]}]})");
  EXPECT_GE(call.prompt_bytes, 5u);
  EXPECT_LT(call.prompt_bytes, 40u);
  EXPECT_EQ(parse(R"({"model":"m","prompt":"abc","suffix":"de"})", Operation::beta_completions).prompt_bytes,
            5u);
  EXPECT_EQ(parse(R"({"model":"m","input":["ab","c"],"stream":true})", Operation::embeddings).prompt_bytes,
            3u);
  EXPECT_FALSE(parse(R"({"model":"m","input":"x","stream":true})", Operation::embeddings).stream);
}

struct Bad {
  std::string_view body;
  std::string_view code;
  std::string_view param;
  std::string_view says;
};

TEST(ParseCall, RefusesANameOfAModelThatFitsNoHeader) {
  const auto body = [](std::size_t size) {
    return R"({"model":")" + std::string(size, 'm') + R"(","messages":[]})";
  };
  EXPECT_EQ(parse(body(512)).model.size(), 512u);
  const auto call = parse_call(Operation::chat, body(513));
  ASSERT_FALSE(call);
  EXPECT_EQ(call.error().code, "out_of_range");
  EXPECT_EQ(call.error().param, "model");
}

void expect_refused(std::span<const Bad> table) {
  for (const Bad& bad : table) {
    const auto call = parse_call(Operation::chat, bad.body);
    ASSERT_FALSE(call) << bad.body;
    const ApiError& error = call.error();
    EXPECT_EQ(error.status, 400) << bad.body;
    EXPECT_EQ(error.type, "invalid_request_error") << bad.body;
    EXPECT_EQ(error.code, bad.code) << bad.body;
    EXPECT_EQ(error.param.value_or(""), bad.param) << bad.body;
    EXPECT_TRUE(error.message.contains(bad.says)) << bad.body << ": " << error.message;
    EXPECT_FALSE(error.should_retry);
  }
}

TEST(ParseCall, RefusesBadBodiesAndSaysWhatToDo) {
  const Bad table[] = {
      {"", "empty_body", "", "empty"},
      {" \n", "empty_body", "", "'model'"},
      {R"({"model":"m",)", "invalid_json", "", "byte 13 of 13"},
      {R"([1])", "invalid_type", "", "an array"},
      {R"("x")", "invalid_type", "", "a string"},
      {R"({"messages":[]})", "missing_model", "model", "GET /v1/models"},
      {R"({"model":"","messages":[]})", "missing_model", "model", "empty"},
      {R"({"model":null,"messages":[]})", "invalid_type", "model", "is null"},
      {R"({"model":7,"messages":[]})", "invalid_type", "model", "an integer"},
      {R"({"model":"m"})", "missing_messages", "messages", "role"},
      {R"({"model":"m","messages":"hi"})", "invalid_type", "messages", "an array"},
      {R"({"model":"m","messages":[],"stream":"yes"})", "invalid_type", "stream", "true or false"},
      {R"({"model":"m","messages":[],"stream_options":true})", "invalid_type", "stream_options", "an object"},
      {R"({"model":"m","messages":[],"stream_options":{"include_usage":1}})", "invalid_type",
       "stream_options.include_usage", "true or false"},
      {R"({"model":"m","messages":[],"max_tokens":"9"})", "invalid_type", "max_tokens", "an integer"},
      {R"({"model":"m","messages":[],"max_completion_tokens":1.5})", "invalid_type", "max_completion_tokens",
       "a number"},
      {R"({"model":"m","messages":[],"max_tokens":18446744073709551615})", "out_of_range", "max_tokens",
       "too large"},
      {R"({"model":"m","messages":[],"n":0})", "out_of_range", "n", "between 1 and 128"},
      {R"({"model":"m","messages":[],"n":129})", "out_of_range", "n", "129"},
      {R"({"model":"m","messages":[],"temperature":"hot"})", "invalid_type", "temperature", "a number"},
      {R"({"model":"m","messages":[],"response_format":"json"})", "invalid_type", "response_format",
       "an object"},
      {R"({"model":"m","messages":[],"response_format":{"type":1}})", "invalid_type", "response_format.type",
       "string"},
      {R"({"model":"m","messages":[],"thinking":true})", "invalid_type", "thinking", "an object"},
      {R"({"model":"m","messages":[],"tools":{}})", "invalid_type", "tools", "an array"},
      {R"({"model":"m","messages":[],"reasoning_effort":3})", "invalid_type", "reasoning_effort", "a string"},
  };
  expect_refused(table);
}

TEST(ParseCall, RefusesWhatItReadsWhenItStandsTwiceWhereverThatIs) {
  const Bad table[] = {
      {R"({"model":"m","messages":[],"stream_options":{"include_usage":true,"include_usage":false}})",
       "duplicate_key", "stream_options.include_usage", "twice"},
      {R"({"model":"m","messages":[],"model":"n"})", "duplicate_key", "model", "twice"},
      {R"({"model":"m","messages":[],"stream":true,"\u0073tream":false})", "duplicate_key", "stream",
       "twice"},
      {R"({"model":"m","messages":[],"enable_thinking":true,"enable_thinking":false})", "duplicate_key",
       "enable_thinking", "twice"},
      {R"({"model":"m","messages":[{},{"role":"user","role":"system"}]})", "duplicate_key",
       "messages[1].role", "twice"},
      {R"({"model":"m","messages":[{"role":"user","content":"a","c\u006fntent":"b"}]})", "duplicate_key",
       "messages[0].content", "twice"},
      {R"({"model":"m","messages":[],"thinking":{"type":"enabled","type":"disabled"}})", "duplicate_key",
       "thinking.type", "twice"},
      {R"({"model":"m","messages":[],"response_format":{"type":"text","type":"json_object"}})",
       "duplicate_key", "response_format.type", "twice"},
      {R"({"model":"m","messages":[],"reasoning":{"effort":"low","effort":"none"}})", "duplicate_key",
       "reasoning.effort", "twice"},
      {R"({"model":"m","messages":[],"chat_template_kwargs":{"thinking":true,"thinking":false}})",
       "duplicate_key", "chat_template_kwargs.thinking", "twice"},
  };
  expect_refused(table);
}

TEST(ParseCall, LeavesKeysThatItDoesNotReadAlone) {
  EXPECT_EQ(parse(R"({"model":"m","messages":[{"name":"a","name":"b"}],"seed":1,"seed":2})").model, "m");
}

TEST(ParseCall, SurvivesHostileNesting) {
  const std::string deep =
      R"({"model":"m","messages":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  const auto call = parse_call(Operation::chat, deep);
  ASSERT_FALSE(call);
  EXPECT_TRUE(call.error().message.contains("nesting")) << call.error().message;
}

}  // namespace
}  // namespace dujiang::api
