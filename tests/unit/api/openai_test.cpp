#include <gtest/gtest.h>

#include <chrono>

#include "api/openai/envelope.hpp"
#include "api/openai/models.hpp"
#include "api/openai/stream_writer.hpp"
#include "support/json_same.hpp"

namespace dujiang::api::openai {
namespace {

using namespace std::chrono_literals;

TEST(ErrorBody, IsOpenAisEnvelope) {
  ApiError error = invalid_request("no \"x\"", "model", "missing_model");
  EXPECT_EQ(
      error_body(error),
      R"({"error":{"message":"no \"x\"","type":"invalid_request_error","param":"model","code":"missing_model"}})");
  error.param.reset();
  error.code.clear();
  EXPECT_EQ(error_body(error),
            R"({"error":{"message":"no \"x\"","type":"invalid_request_error","param":null,"code":null}})");
  EXPECT_EQ(error_event(error), "data: " + error_body(error) + "\n\n");
}

TEST(ErrorHeaders, TellSdksWhatToDo) {
  ApiError error;
  http::Headers headers;
  add_error_headers(error, headers);
  EXPECT_EQ(headers.get("x-should-retry"), "false");
  EXPECT_FALSE(headers.get("retry-after"));
  error.should_retry = true;
  error.retry_after = 1500ms;
  add_error_headers(error, headers);
  EXPECT_EQ(headers.get("x-should-retry"), "true");
  EXPECT_EQ(headers.get("retry-after"), "2");
  EXPECT_EQ(headers.get("retry-after-ms"), "1500");
}

TEST(ErrorHeaders, NeverAskForMoreThanAMinute) {
  ApiError error;
  error.retry_after = 10min;
  http::Headers headers;
  add_error_headers(error, headers);
  EXPECT_EQ(headers.get("retry-after"), "60");
  EXPECT_EQ(headers.get("retry-after-ms"), "60000");
}

TEST(ModelsBody, ListsModels) {
  const std::string ids[] = {"a", "b/\"c"};
  EXPECT_SAME_JSON(models_body(ids, 7, "dujiang"), R"({"object":"list","data":[
      {"id":"a","object":"model","created":7,"owned_by":"dujiang"},
      {"id":"b/\"c","object":"model","created":7,"owned_by":"dujiang"}]})");
  EXPECT_SAME_JSON(models_body({}, 7, "dujiang"), R"({"object":"list","data":[]})");
}

std::string write(StreamWriter& writer, std::string_view data) {
  StreamEventReader reader;
  const auto event = reader.read(data);
  EXPECT_TRUE(event) << data;
  std::string out;
  if (event) writer.append(out, **event);
  return out;
}

std::string write(bool show_usage, std::string_view data) {
  StreamWriter writer(show_usage);
  return write(writer, data);
}

constexpr std::string_view kChunk =
    R"({"id":"1","created":5,"model":"m","choices":[{"delta":{"content":"x"}}]})";

TEST(StreamWriter, PassesBytesAsTheyCame) {
  EXPECT_EQ(write(false, kChunk), "data: " + std::string(kChunk) + "\n\n");
}

TEST(StreamWriter, PutsAnEventOnOneLine) {
  EXPECT_EQ(write(false, "{\"choices\":\n[{\"delta\":\r\n{\"content\":\"x\\n\"}}]}"),
            "data: {\"choices\": [{\"delta\":  {\"content\":\"x\\n\"}}]}\n\n");
}

TEST(StreamWriter, HidesTheUsageOnlyChunkFromThoseWhoDidNotAskForIt) {
  constexpr std::string_view kUsage = R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  EXPECT_EQ(write(false, kUsage), "");
  EXPECT_EQ(write(true, kUsage), "data: " + std::string(kUsage) + "\n\n");
  constexpr std::string_view kLast =
      R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  EXPECT_EQ(write(false, kLast), "data: " + std::string(kLast) + "\n\n");
}

TEST(StreamWriter, GivesEveryChunkTheSameIdentityWhereItIsTold) {
  StreamWriter writer(false);
  writer.set_identity({.id = "one", .model = "m", .created = 6});
  EXPECT_EQ(
      write(writer, kChunk),
      "data: "
      "{\"id\":\"one\",\"created\":6,\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
  writer.set_identity({.id = "1", .model = "m", .created = 5});
  EXPECT_EQ(write(writer, kChunk), "data: " + std::string(kChunk) + "\n\n");
  writer.set_identity({.id = "2", .model = std::nullopt, .created = std::nullopt});
  EXPECT_EQ(write(writer, R"({"choices":[]})"), "data: {\"choices\":[],\"id\":\"2\"}\n\n");
}

TEST(LateHeadersComment, IsOneCommentLine) {
  EXPECT_EQ(late_headers_comment({}), "");
  EXPECT_EQ(late_headers_comment({{"x-dujiang-served-by", "a m"}, {"x-dujiang-attempts", "2\r\nx: y"}}),
            ": x-dujiang-served-by: a m; x-dujiang-attempts: 2  x: y\n\n");
}

}  // namespace
}  // namespace dujiang::api::openai
