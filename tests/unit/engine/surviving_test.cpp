// The rules for the gateway (docs/life-of-a-request.md lists them), each shown on the whole engine in
// simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Exchange, ARefusalIsInvisibleToTheCallerWhoGetsTheNextAttemptsAnswer) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", busy());
  rig.client.expect("main", hello());
  const auto call = rig.call(ask(false));
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_THAT(call->reply.body(), HasSubstr(R"("content":"Hello world")"));
  EXPECT_EQ(call->reply.headers().get("x-dujiang-attempts"), "2");
  EXPECT_EQ(call->reply.headers().get("x-dujiang-served-by"), "main/m");
  EXPECT_EQ(rig.metrics.value(ports::Metric::attempts, {"main", "m", "busy"}), 1);
  EXPECT_EQ(rig.log.lines.at(0).result, "ok");
}

TEST(Exchange, AStreamIsRelayedEventByEventAndEndsWithOneDone) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", hello());
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(count_of(call->reply.body(), "[DONE]"), 1u);
  EXPECT_THAT(call->reply.body(), HasSubstr(content("Hello ")));
  // The role goes out with the first content, the second content at once when it came.
  ASSERT_GE(call->reply.writes().size(), 3u);
  EXPECT_THAT(call->reply.writes()[0].bytes, HasSubstr("Hello "));
  EXPECT_EQ(call->reply.writes()[1].at - call->reply.writes()[0].at, 50ms);
}

// Rule 1.
TEST(Clocks, KeepAlivesOfAQueuedAttemptNeverCountAsATokenSoTheRequestMovesToTheOtherTarget) {
  EngineRig rig(settings_of({"slow", "other"}));
  ports::Script queued{head(200)};
  for (int i = 0; i < 100; ++i) queued.push_back(bytes(": keep-alive\n\n", 1s));
  rig.client.expect("slow", queued);
  rig.client.expect("other", hello());
  const auto start = rig.loop.now();
  const auto call = rig.call(ask(true));
  EXPECT_EQ(call->reply.headers().get("x-dujiang-served-by"), "other/m");
  EXPECT_EQ(rig.client.seen().at(1)->at - start, 10s);
  EXPECT_TRUE(rig.client.seen().at(0)->cancelled);
}

// Rule 7: with one target only, a queued attempt keeps its place.
TEST(Clocks, AnAttemptThatIsAliveButQueuedIsWaitedForWhereThereIsNoOtherTarget) {
  EngineRig rig(settings_of({"only"}));
  ports::Script queued{head(200)};
  for (int i = 0; i < 12; ++i) queued.push_back(bytes(": keep-alive\n\n", 10s));
  for (const auto& step : hello()) {
    if (step.kind != Kind::head) queued.push_back(step);
  }
  rig.client.expect("only", queued);
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_THAT(call->reply.body(), EndsWith("data: [DONE]\n\n"));
}

// Rule 7: a silent one is given up and tried again.
TEST(Clocks, AnAttemptWithoutAnyByteIsGivenUpAndSentAgain) {
  EngineRig rig(settings_of({"only"}));
  rig.client.expect("only", {head(200)});
  rig.client.expect("only", hello());
  const auto call = rig.call(ask(false));
  EXPECT_EQ(rig.client.seen().size(), 2u);
  EXPECT_EQ(call->reply.status(), 200);
}

// Rule 2.
TEST(Success, AStreamThatEndsWithoutAFinishReasonIsNoAnswer) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), end()});
  rig.client.expect("main", hello());
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), HasSubstr("Hello "));
  EXPECT_EQ(rig.client.seen().size(), 2u);
}

TEST(Success, AFinishWithoutDoneIsWaitedForTwoSecondsAndThenEndedProperly) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(content("Hello"), 1s), event(stop()), bytes("", 1h)});
  const auto start = rig.loop.now();
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(call->reply.ended_at() - start, 3s);
  EXPECT_EQ(rig.log.lines.at(0).result, "ok");
}

TEST(Success, AnEmptyAnswerIsAskedForOnceMoreAndThenAnErrorRatherThanASuccess) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(role()), event(stop()), bytes("data: [DONE]\n\n"), end()});
  const auto call = rig.call(ask(false));
  EXPECT_EQ(rig.client.seen().size(), 2u);
  EXPECT_EQ(call->reply.status(), 502);
  EXPECT_THAT(call->reply.body(), HasSubstr(R"("code":"blank")"));
}

TEST(Success, InsufficientSystemResourceIsAFailureAndNeverRewritten) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect(
      "main", {head(200), event(content("Hel")), event(chunk("{}", R"("insufficient_system_resource")")),
               bytes("data: [DONE]\n\n"), end()});
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), HasSubstr(R"("error":)"));
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("[DONE]")));
}

// Rule 3.
TEST(Committed, AStreamThatBreaksAfterContentEndsWithOneErrorEventAndNoDone) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(content("Hel")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(count_of(call->reply.body(), R"("error":)"), 1u);
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("[DONE]")));
  EXPECT_EQ(rig.log.lines.at(0).result, "reset");
}

TEST(Committed, AnErrorInsideAStreamAfterContentIsNeverTriedElsewhereEvenIfTheAccountIsToBlame) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(content("Hel")),
                             event(R"({"error":{"message":"Insufficient Balance","code":402}})"), end()});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(count_of(call->reply.body(), R"("error":)"), 1u);
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("Hello ")));
}

TEST(Committed, ThinkingThatBreaksOffGoesOnAfterAMarkedSeamUnderTheSameId) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", {head(200), event(thought("Let me")), failure(ports::IoFailure::reset, 1s)});
  ports::Script second = hello();
  for (auto& step : second) {
    if (const auto at = step.bytes.find("\"c1\""); at != std::string::npos)
      step.bytes.replace(at, 4, "\"c2\"");
  }
  rig.client.expect("other", second);
  const auto call = rig.call(ask(true));
  const std::string& body = call->reply.body();
  EXPECT_LT(body.find("Let me"), body.find(": dujiang seam"));
  EXPECT_LT(body.find(": dujiang seam"), body.find("Hello "));
  EXPECT_THAT(body, Not(HasSubstr("\"c2\"")));
  EXPECT_THAT(body, EndsWith("data: [DONE]\n\n"));
}

TEST(Committed, ThinkingIsHeldBackWhereTheRouteSaysSo) {
  auto settings = settings_of({"main", "other"});
  settings.routes[0].thinking = route::Thinking::hold;
  EngineRig rig(settings);
  rig.client.expect("main", {head(200), event(thought("Let me")), failure(ports::IoFailure::reset, 1s)});
  rig.client.expect("other", hello());
  const auto call = rig.call(ask(true));
  EXPECT_THAT(call->reply.body(), Not(HasSubstr("Let me")));
  EXPECT_THAT(call->reply.body(), EndsWith("data: [DONE]\n\n"));
}

// Rule 4.
TEST(Money, WhatMayHaveBeenBilledIsRepeatedTwiceAtMost) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main",
                    {head(200, "text/event-stream"), event(role()), failure(ports::IoFailure::reset, 1s)});
  const auto call = rig.call(ask(false, R"(,"thinking":{"type":"enabled"})"));
  EXPECT_LE(rig.client.seen().size(), 3u);
  EXPECT_GE(call->reply.status(), 500);
  EXPECT_EQ(call->reply.headers().get("x-should-retry"), "false");
}

TEST(Money, OneAttemptIsMadeWhereTheCallerAllowsNoMore) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", busy());
  const auto call = rig.call(ask(false), {{"x-dujiang-max-attempts", "1"}});
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(call->reply.status(), 503);
}

// Rule 6.
TEST(Accounts, ABadRequestIsTheCallersAndIsSentOnce) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main",
                    refusal(400, R"({"error":{"message":"bad","type":"invalid_request_error","param":null,)"
                                 R"("code":"invalid_request_error"}})"));
  const auto call = rig.call(ask(false));
  EXPECT_EQ(rig.client.seen().size(), 1u);
  EXPECT_EQ(call->reply.status(), 400);
}

TEST(Accounts, AModelThatAnUpstreamDoesNotHaveIsAskedForThereOnceAndThenElsewhere) {
  EngineRig rig(settings_of({"main", "other"}));
  rig.client.expect("main", refusal(400, R"({"error":{"message":"Model Not Exist",)"
                                         R"("type":"invalid_request_error","param":null,)"
                                         R"("code":"invalid_request_error"}})"));
  rig.client.expect("other", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  std::vector<std::string> order;
  for (const auto& seen : rig.client.seen()) order.push_back(seen->upstream);
  EXPECT_EQ(order, (std::vector<std::string>{"main", "other"}));
}

TEST(Accounts, AnEmptyBalanceTakesTheAccountOutAndTheNextRequestsGoElsewhereAtOnce) {
  EngineRig rig(settings_of({"poor", "rich"}));
  rig.client.expect("poor",
                    refusal(402, R"({"error":{"message":"Insufficient Balance","type":"unknown_error",)"
                                 R"("param":null,"code":"invalid_request_error"}})"));
  rig.client.expect("rich", hello());
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  EXPECT_EQ(rig.call(ask(false))->reply.status(), 200);
  std::vector<std::string> order;
  for (const auto& seen : rig.client.seen()) order.push_back(seen->upstream);
  EXPECT_EQ(order, (std::vector<std::string>{"poor", "rich", "rich"}));
}

// Rule 8.
TEST(WaitingCaller, IsKeptAliveFrom15SecondsOnAndAnAnswerInOnePieceThatFailsAfterThatIsAborted) {
  auto settings = settings_of({"only"}, "openai");
  settings.routes[0].clocks.total = std::chrono::seconds(100);
  EngineRig rig(settings);
  rig.client.expect("only", {bytes("", 1h)});
  const auto start = rig.loop.now();
  const auto call = rig.begin(ask(false));
  rig.loop.run_until(start + 14s);
  EXPECT_FALSE(call->reply.started());
  rig.loop.run_until(start + 16s);
  EXPECT_EQ(call->reply.status(), 200);
  EXPECT_EQ(call->reply.body(), "\n");
  rig.loop.run();
  EXPECT_TRUE(call->reply.aborted());
  EXPECT_FALSE(call->reply.finished());

  // The SDK's own repeat learns the true status, and that there is no point in another.
  const auto repeat = rig.call(ask(false), {{"x-stainless-retry-count", "1"}});
  EXPECT_GE(repeat->reply.status(), 500);
  EXPECT_EQ(repeat->reply.headers().get("x-should-retry"), "false");
}

TEST(WaitingCaller, LearnsTheLateHeadersInACommentBeforeDone) {
  EngineRig rig(settings_of({"only"}));
  ports::Script late{head(200), bytes(": keep-alive\n\n", 20s)};
  for (const auto& step : hello()) {
    if (step.kind != Kind::head) late.push_back(step);
  }
  rig.client.expect("only", late);
  const auto call = rig.call(ask(true));
  const std::string& body = call->reply.body();
  EXPECT_THAT(body, ::testing::StartsWith(": keep-alive\n\n"));
  EXPECT_THAT(body, HasSubstr("x-dujiang-served-by: only/m"));
  EXPECT_LT(body.find("x-dujiang-served-by"), body.find("[DONE]"));
}

// Rule 9.
TEST(Deadline, TheFinalErrorComesHalfASecondBeforeTheSdkGivesUp) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", busy());
  const auto start = rig.loop.now();
  const auto call = rig.call(ask(false), {{"x-stainless-read-timeout", "12"}});
  EXPECT_EQ(call->reply.status(), 503);
  EXPECT_LE(call->reply.ended_at() - start, 11500ms);
  EXPECT_GE(call->reply.ended_at() - start, 5s);
}

// Rule 10.
TEST(CallerGone, FreesTheUpstreamsCallAtOnce) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(content("Hel")), event(content("lo"), 1h)});
  const auto call = rig.begin(ask(true));
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.client.open_now(), 1);
  call->hang_up();
  rig.loop.run_for(0s);
  EXPECT_EQ(rig.client.open_now(), 0);
  EXPECT_TRUE(call->done);
  EXPECT_EQ(rig.log.lines.at(0).result, "caller_gone");
}

TEST(CallerGone, AfterTheFinishHasCancelledNothing) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", {head(200), event(content("Hello")), event(stop()), bytes("", 1h)});
  const auto call = rig.begin(ask(true));
  rig.loop.run_for(1s);
  call->hang_up();
  rig.loop.run();
  EXPECT_EQ(rig.log.lines.at(0).result, "ok");
}

// Rule 11.
TEST(Headers, TheAccountsKeyGoesUpstreamAndTheCallersCredentialsNever) {
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", hello());
  rig.call(ask(false), {{"Authorization", "Bearer caller-key"},
                        {"Cookie", "a=b"},
                        {"OpenAI-Organization", "o"},
                        {"x-dujiang-deadline-ms", "10000"},
                        {"Accept-Encoding", "gzip"},
                        {"x-custom", "kept"}});
  const http::Headers& sent = rig.client.seen().at(0)->headers;
  EXPECT_EQ(sent.get("authorization"), "Bearer sk-of-main");
  EXPECT_EQ(sent.count("authorization"), 1u);
  EXPECT_FALSE(sent.get("cookie"));
  EXPECT_FALSE(sent.get("openai-organization"));
  EXPECT_FALSE(sent.get("x-dujiang-deadline-ms"));
  EXPECT_EQ(sent.get("accept-encoding"), "identity");
  EXPECT_EQ(sent.get("x-custom"), "kept");
}

// Rule 12.
TEST(Usage, TheChunkThatTheGatewayAskedForIsHiddenFromACallerWhoDidNot) {
  const std::string usage =
      R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],)"
      R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";
  const ports::Script script{head(200),    event(content("Hello")),   event(stop()),
                             event(usage), bytes("data: [DONE]\n\n"), end()};
  EngineRig rig(settings_of({"main"}));
  rig.client.expect("main", script);
  EXPECT_THAT(rig.call(ask(true))->reply.body(), Not(HasSubstr("prompt_tokens")));
  EXPECT_THAT(rig.call(ask(true, R"(,"stream_options":{"include_usage":true})"))->reply.body(),
              HasSubstr("prompt_tokens"));
  EXPECT_THAT(rig.client.seen().at(0)->body, HasSubstr("include_usage"));
  EXPECT_EQ(rig.log.lines.at(0).completion_tokens, 2u);
}

// The token bucket: what overflows waits.
TEST(RateLimit, WhatOverflowsWaitsAndOnlyWhatCanNotBeServedInTimeIsRefused) {
  auto settings = settings_of({"main"});
  settings.upstreams[0].rate_limit = route::RateLimitSpec{.per_second = 1, .burst = 1};
  EngineRig rig(settings);
  rig.client.expect("main", hello());
  std::vector<std::shared_ptr<RigCall>> calls;
  calls.reserve(10);
  for (int i = 0; i < 10; ++i) calls.push_back(rig.begin(ask(false), {{"x-dujiang-deadline-ms", "6200"}}));
  rig.loop.run();
  int answered = 0;
  int refused = 0;
  for (const auto& call : calls) {
    answered += call->reply.status() == 200;
    refused += call->reply.status() == 429;
  }
  EXPECT_EQ(answered + refused, 10);
  EXPECT_EQ(answered, 6);
  EXPECT_EQ(refused, 4);
  for (std::size_t i = 1; i < rig.client.seen().size(); ++i) {
    EXPECT_GE(rig.client.seen()[i]->at - rig.client.seen()[i - 1]->at, 999ms);
  }
}

}  // namespace
}  // namespace dujiang::testing
