#include "api/operation.hpp"

#include <gtest/gtest.h>

namespace dujiang::api {
namespace {

struct Line {
  std::string_view method;
  std::string_view path;
  Operation operation;
};

TEST(MatchPath, KnowsEveryOperationWithAndWithoutTheVersion) {
  const Line lines[] = {
      {"POST", "/chat/completions", Operation::chat},
      {"POST", "/beta/chat/completions", Operation::beta_chat},
      {"POST", "/completions", Operation::completions},
      {"POST", "/beta/completions", Operation::beta_completions},
      {"POST", "/embeddings", Operation::embeddings},
      {"GET", "/models", Operation::models},
      {"GET", "/beta/models", Operation::models},
      {"GET", "/user/balance", Operation::balance},
  };
  for (const Line& line : lines) {
    for (const std::string prefix : {"", "/v1"}) {
      const std::string path = prefix + std::string(line.path);
      const auto match = match_path(line.method, path);
      ASSERT_TRUE(std::holds_alternative<Matched>(match)) << path;
      EXPECT_EQ(std::get<Matched>(match).operation, line.operation) << path;
    }
  }
}

TEST(MatchPath, TakesSlashesAndPercentEscapesInAModelsId) {
  const auto plain = match_path("GET", "/v1/models/deepseek-ai/DeepSeek-V3");
  ASSERT_TRUE(std::holds_alternative<Matched>(plain));
  EXPECT_EQ(std::get<Matched>(plain).model, "deepseek-ai/DeepSeek-V3");
  const auto encoded = match_path("GET", "/models/deepseek-ai%2FDeepSeek%2dV3%zz%4");
  ASSERT_TRUE(std::holds_alternative<Matched>(encoded));
  EXPECT_EQ(std::get<Matched>(encoded).model, "deepseek-ai/DeepSeek-V3%zz%4");
}

TEST(MatchPath, AModelsIdNeverLeadsToAnotherPath) {
  for (const std::string_view id :
       {"..", "../files", "a/../../files", "..%2Ffiles", "%2e%2E/files", "./a", "a/."}) {
    EXPECT_TRUE(std::holds_alternative<UnknownPath>(match_path("GET", "/v1/models/" + std::string(id))))
        << id;
  }
  EXPECT_TRUE(std::holds_alternative<Matched>(match_path("GET", "/v1/models/a..b/.c/d.")));
}

TEST(MatchPath, TakesAHeadForTheGetThatItStandsFor) {
  for (const std::string_view path : {"/v1/models", "/models/deepseek-chat", "/user/balance"}) {
    EXPECT_TRUE(std::holds_alternative<Matched>(match_path("HEAD", path))) << path;
  }
  const auto wrong = match_path("HEAD", "/v1/embeddings");
  ASSERT_TRUE(std::holds_alternative<WrongMethod>(wrong));
  EXPECT_EQ(std::get<WrongMethod>(wrong).allow, "POST, OPTIONS");
}

TEST(MatchPath, TellsAWrongMethodFromAnUnknownPath) {
  const auto wrong = match_path("GET", "/v1/chat/completions");
  ASSERT_TRUE(std::holds_alternative<WrongMethod>(wrong));
  EXPECT_EQ(std::get<WrongMethod>(wrong).allow, "POST, OPTIONS");
  EXPECT_TRUE(std::holds_alternative<WrongMethod>(match_path("POST", "/models/x")));
  for (const std::string_view path : {"/", "/v1", "/v1/", "/v1/responses", "/v1chat/completions", "/models/",
                                      "/v1/v1/models", "/chat/completions/", ""}) {
    EXPECT_TRUE(std::holds_alternative<UnknownPath>(match_path("POST", path))) << path;
  }
}

TEST(Operations, HaveDistinctNames) {
  for (const Operation a : kOperations) {
    for (const Operation b : kOperations) EXPECT_EQ(a == b, to_string(a) == to_string(b));
  }
}

}  // namespace
}  // namespace dujiang::api
