#include "api/whole_answer.hpp"

#include <gtest/gtest.h>

namespace dujiang::api {
namespace {

using Kind = WholeAnswer::Kind;

WholeAnswer check(std::string_view body, Operation operation = Operation::chat) {
  return check_whole_answer(operation, body);
}

TEST(CheckWholeAnswer, ReadsAnAnswer) {
  const WholeAnswer answer = check(
      R"({"id":"i","model":"m","choices":[{"index":0,"message":{"content":"hi","reasoning_content":"h"},"finish_reason":"stop"},
          {"index":1,"message":{"content":""},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})");
  EXPECT_EQ(answer.kind, Kind::answer) << answer.detail;
  EXPECT_EQ(answer.id, "i");
  EXPECT_EQ(answer.model, "m");
  EXPECT_EQ(answer.finish_reasons, (std::vector<std::string>{"stop", "length"}));
  EXPECT_TRUE(answer.any_content);
  EXPECT_TRUE(answer.any_reasoning);
  EXPECT_EQ(answer.usage->total_tokens, 3u);
}

TEST(CheckWholeAnswer, KnowsEveryKindOfContent) {
  for (const std::string_view message :
       {R"({"content":"x"})", R"({"content":null,"tool_calls":[{"id":"1"}]})",
        R"({"content":"","refusal":"no"})", R"({"function_call":{"name":"f"}})",
        R"({"content":[{"type":"text","text":"x"}]})", R"({"audio":{"id":"a"}})"}) {
    const std::string body = R"({"choices":[{"message":)" + std::string(message) + "}]}";
    EXPECT_TRUE(check(body).any_content) << body;
  }
  for (const std::string_view message : {R"({"content":""})", R"({"content":null,"reasoning_content":"x"})",
                                         R"({"tool_calls":[]})", R"({"content":"","refusal":null})"}) {
    const std::string body = R"({"choices":[{"message":)" + std::string(message) + "}]}";
    EXPECT_FALSE(check(body).any_content) << body;
    EXPECT_EQ(check(body).kind, Kind::answer) << body;
  }
}

struct Row {
  Operation operation;
  std::string_view body;
  Kind kind;
};

TEST(CheckWholeAnswer, TellsAnswersFromEverythingElse) {
  const Row rows[] = {
      {Operation::chat, "", Kind::empty},
      {Operation::chat, "\n\n\n\n", Kind::empty},
      {Operation::chat, "\n\n{\"choices\":[{\"message\":{\"content\":\"x\"}}]}", Kind::answer},
      {Operation::chat, R"({"choices":[{"message":{"content":"x)", Kind::malformed},
      {Operation::chat, "<html>502</html>", Kind::malformed},
      {Operation::chat, "data: {}\n\n", Kind::malformed},
      {Operation::chat, R"({"error":{"message":"x"}})", Kind::error},
      {Operation::chat, R"({"error":"x"})", Kind::error},
      {Operation::chat, R"({"code":50508,"message":"busy","data":null})", Kind::error},
      {Operation::chat, R"({"error":null,"choices":[{"message":{"content":"x"}}]})", Kind::answer},
      {Operation::chat, "[]", Kind::foreign},
      {Operation::chat, "{}", Kind::foreign},
      {Operation::chat, R"({"choices":null})", Kind::foreign},
      {Operation::chat, R"({"choices":[]})", Kind::foreign},
      {Operation::chat, R"({"choices":[7]})", Kind::foreign},
      {Operation::chat, R"({"choices":[{"text":"x"}]})", Kind::foreign},
      {Operation::chat, R"({"choices":[{"message":{"content":"x"}}],"choices":[]})", Kind::foreign},
      {Operation::chat, R"({"choices":[{"message":{"content":"x"},"message":{}}]})", Kind::foreign},
      {Operation::chat, R"({"choices":[{"message":{"content":"x","content":""}}]})", Kind::foreign},
      {Operation::completions, R"({"choices":[{"text":"x"}]})", Kind::answer},
      {Operation::beta_completions, R"({"choices":[{"message":{}}]})", Kind::foreign},
      {Operation::embeddings, R"({"data":[{"embedding":[1]}]})", Kind::answer},
      {Operation::embeddings, R"({"embedding":[1]})", Kind::foreign},
      {Operation::models, R"({"data":[]})", Kind::answer},
      {Operation::models, R"({"models":[]})", Kind::foreign},
      {Operation::model, R"({"id":"m"})", Kind::answer},
      {Operation::model, R"({"name":"m"})", Kind::foreign},
      {Operation::balance, R"({"is_available":true,"balance_infos":[]})", Kind::answer},
      {Operation::balance, R"({"balance":3})", Kind::foreign},
  };
  for (const Row& row : rows) {
    const WholeAnswer answer = check(row.body, row.operation);
    EXPECT_EQ(answer.kind, row.kind) << row.body << ": " << answer.detail;
    EXPECT_EQ(answer.detail.empty(), row.kind != Kind::malformed && row.kind != Kind::foreign) << row.body;
  }
}

}  // namespace
}  // namespace dujiang::api
