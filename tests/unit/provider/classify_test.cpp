// What the fault catalogue's table does not say: Retry-After, contexts, the words for the caller.
#include "provider/classify.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "api/json_edit.hpp"
#include "provider/caller_error.hpp"
#include "support/replay_attempt.hpp"

namespace dujiang::provider {
namespace {

using namespace std::chrono_literals;
using testing::Script;

Classification judge(const Script& script, std::string_view dialect = "deepseek") {
  const Dialect& d = *find_dialect(dialect);
  const testing::ReplayedAttempt attempt(d, script);
  return classify(d, attempt.record());
}

TEST(Classify, ObeysRetryAfterOfARefusal) {
  const Classification c = judge({.status = 429, .headers = {{"retry-after", "7"}}, .body = "{}"});
  EXPECT_EQ(c.code, Code::rate_limited);
  EXPECT_EQ(c.retry_after, 7s);
  EXPECT_EQ(c.error.retry_after, 7s);
}

TEST(Classify, SendsAPromptThatIsTooLongToALargerContext) {
  const Classification c =
      judge({.status = 400,
             .body = R"({"error":{"message":"This model's maximum context length is 65536 tokens."}})"});
  EXPECT_EQ(c.verdict, Verdict::fatal_request);
  EXPECT_EQ(c.code, Code::context_too_long);
  EXPECT_TRUE(c.larger_context);
}

TEST(Classify, TellsTheCallersMistakeInTheUpstreamsWords) {
  const Classification c = judge(
      {.status = 400,
       .body =
           R"({"error":{"message":"Invalid value","type":"invalid_request_error","param":"top_p","code":"bad_value"}})"});
  EXPECT_EQ(c.error.status, 400);
  EXPECT_EQ(c.error.message, "Invalid value");
  EXPECT_EQ(c.error.type, "invalid_request_error");
  EXPECT_EQ(c.error.code, "bad_value");
  EXPECT_EQ(c.error.param, "top_p");
}

TEST(Classify, SaysWhatHappenedAndWhatToDoOtherwise) {
  const Classification busy =
      judge({.status = 503, .body = R"({"error":{"message":"Service is too busy."}})"});
  EXPECT_EQ(busy.error.status, 503);
  EXPECT_EQ(busy.error.code, "busy");
  EXPECT_EQ(
      busy.error.message,
      "The upstream is too busy (HTTP 503: Service is too busy.). Try again later, or add another target to "
      "the route.");
  const Classification garbage = judge({.body = "{\"a\":"});
  EXPECT_TRUE(garbage.error.message.contains("byte 5 of 5")) << garbage.error.message;
  const Classification html = judge({.status = 502, .body = "<html>secret</html>"});
  EXPECT_FALSE(html.error.message.contains("secret"));
}

TEST(Classify, KeepsOnlyTheBeginningOfAnEndlessMessage) {
  std::string text;
  while (text.size() < (1u << 20)) text += "é€";
  const Classification c = judge({.status = 400, .body = R"({"error":{"message":")" + text + "\"}}"});
  EXPECT_EQ(c.code, Code::bad_request);
  EXPECT_GT(c.error.message.size(), 4000u);
  EXPECT_LE(c.error.message.size(), 4096u);
  EXPECT_TRUE(text.starts_with(c.error.message));
  EXPECT_EQ(api::json_quote(c.error.message).size(), c.error.message.size() + 2) << "a character was cut";
}

TEST(Classify, UsesTheCheckOfAWholeAnswerThatWasMade) {
  AttemptRecord record;
  record.status = 200;
  record.body = "not looked at";
  api::WholeAnswer whole;
  whole.kind = api::WholeAnswer::Kind::answer;
  whole.any_content = true;
  whole.finish_reasons = {"stop"};
  record.whole = &whole;
  EXPECT_EQ(classify(*find_dialect("deepseek"), record).verdict, Verdict::success);
}

TEST(Classify, AsksOtherOperationsForNoChoice) {
  EXPECT_EQ(
      judge({.body = R"({"data":[{"embedding":[1]}]})", .operation = api::Operation::embeddings}).verdict,
      Verdict::success);
  EXPECT_EQ(judge({.body = R"({"embedding":[1]})", .operation = api::Operation::embeddings}).code,
            Code::garbage);
  EXPECT_EQ(judge({.body = R"({"is_available":true})", .operation = api::Operation::balance}).verdict,
            Verdict::success);
}

TEST(Classify, KnowsNoQueueExpiryWhereTheDialectNamesNone) {
  EXPECT_EQ(judge({.body = "\n\n", .elapsed = 3600s}, "openai").code, Code::empty_body);
  EXPECT_EQ(judge({.body = "", .elapsed = 3600s}).code, Code::empty_body);
}

TEST(Classify, DoesNotTakeAnUnknownFinishReasonForAnEnd) {
  const std::string stream =
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"sunset\"}]}\n\ndata: "
      "[DONE]\n\n";
  const Classification c = judge({.stream = true, .body = stream, .committed = true}, "openai");
  EXPECT_EQ(c.verdict, Verdict::resumable);
  EXPECT_EQ(c.code, Code::upstream_error);
  EXPECT_TRUE(c.error.message.contains("sunset")) << c.error.message;
}

TEST(StreamFacts, WaitForEveryChoiceThatWasAskedFor) {
  StreamFacts facts;
  api::StreamEventReader reader;
  const auto observe = [&](std::string_view data) { facts.observe(**reader.read(data)); };
  EXPECT_FALSE(facts.all_seen_finished());
  observe(R"({"choices":[{"index":1,"delta":{"content":"a"},"finish_reason":"stop"}]})");
  EXPECT_TRUE(facts.all_seen_finished());
  EXPECT_FALSE(facts.finished(2));
  observe(R"({"choices":[{"index":0,"delta":{"content":"b"}}]})");
  EXPECT_FALSE(facts.all_seen_finished());
  observe(
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})");
  EXPECT_TRUE(facts.finished(2));
  EXPECT_EQ(facts.finish_reason, "stop");
  EXPECT_EQ(facts.usage->total_tokens, 3u);
  EXPECT_FALSE(facts.failed_finish());
}

TEST(Codes, HaveDistinctNames) {
  std::set<std::string_view> names(code_names().begin(), code_names().end());
  EXPECT_EQ(names.size(), kCodeCount);
  EXPECT_FALSE(names.contains(""));
  EXPECT_EQ(to_string(Code::caller_gone), "caller_gone");
  EXPECT_EQ(to_string(Code::insufficient_system_resource), "insufficient_system_resource");
  EXPECT_EQ(to_string(Code::queue_expired), "queue_expired");
}

TEST(CallerError, HasWordsForEveryCode) {
  for (std::size_t i = 1; i < kCodeCount; ++i) {
    const auto code = static_cast<Code>(i);
    const api::ApiError error = caller_error(code);
    EXPECT_GE(error.status, 400) << to_string(code);
    EXPECT_EQ(error.code, to_string(code));
    if (code != Code::caller_gone) EXPECT_TRUE(error.message.ends_with(".")) << error.message;
    EXPECT_FALSE(error.message.contains("answer is broken")) << to_string(code) << " has no words of its own";
  }
}

}  // namespace
}  // namespace dujiang::provider
