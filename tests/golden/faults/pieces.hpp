// What the catalogue's entries are made of: bodies byte for byte, ends of attempts, judgements.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "catalogue.hpp"

namespace dujiang::golden {

using provider::AccountOut;
using provider::Billing;
using provider::Clock;
using provider::Code;
using provider::Ended;
using provider::Failure;
using provider::Sent;
using provider::Verdict;
using std::chrono::seconds;
using testing::Script;

inline constexpr std::string_view kBusy =
    R"({"error":{"message":"Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.","type":"service_unavailable_error","param":null,"code":"service_unavailable_error"}})";
inline constexpr std::string_view kBalanceLimit =
    R"({"error":{"message":"Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of 25 based on your remaining balance. Please top up your balance to restore your concurrency.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}})";
inline constexpr std::string_view kPublishedLimit =
    R"({"error":{"message":"Too many requests. Your current concurrency is 501, which exceeds your concurrency limit of 500.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}})";
inline constexpr std::string_view kTpm =
    R"({"error":{"message":"Rate limit reached for TPM.","type":"rate_limit_error","param":null,"code":"rate_limit_error"}})";
inline constexpr std::string_view kNoBalance =
    R"({"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}})";
inline constexpr std::string_view kBadKey =
    R"json({"error":{"message":"Authentication Fails, Your api key: ****here is invalid (request_id: 0b0bb1c4-4a7e-4a6d-8a3a-6a2f8b1f7c11)","type":"authentication_error","param":null,"code":"invalid_request_error"}})json";
inline constexpr std::string_view kNoModel =
    R"({"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})";
inline constexpr std::string_view kInvalid =
    R"({"error":{"message":"Invalid max_tokens value, the valid range of max_tokens is [1, 8192]","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})";
inline constexpr std::string_view kInternal =
    R"({"error":{"message":"Internal server error","type":"internal_error","param":null,"code":"internal_error"}})";
inline constexpr std::string_view kHtml =
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    "Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n";

inline std::string event(std::string_view data) { return "data: " + std::string(data) + "\n\n"; }

inline std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return event(
      R"({"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion.chunk","created":1718345013,)"
      R"("model":"deepseek-chat","choices":[{"index":0,"delta":)" +
      std::string(delta) + R"(,"logprobs":null,"finish_reason":)" + std::string(finish) + "}]}");
}

inline const std::string kFirstChunk = chunk(R"({"role":"assistant","content":""})");
inline const std::string kThoughtChunk = chunk(R"({"content":null,"reasoning_content":"Let me think"})");
inline const std::string kTextChunk = chunk(R"({"content":"Hello"})");
inline const std::string kStopChunk = chunk(R"({"content":""})", R"("stop")");
inline const std::string kUsageChunk = event(
    R"({"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion.chunk","created":1718345013,"model":"deepseek-chat","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}})");
inline const std::string kDoneEvent = "data: [DONE]\n\n";
inline const std::string kKeepAlive = ": keep-alive\n\n";

inline std::string whole(std::string_view message, std::string_view finish) {
  return R"({"id":"930c60df","object":"chat.completion","created":1705651092,"model":"deepseek-chat","choices":[{"index":0,"message":)" +
         std::string(message) + R"(,"logprobs":null,"finish_reason":)" + std::string(finish) +
         R"(}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}})";
}

inline const std::string kWholeAnswer = whole(R"({"role":"assistant","content":"Hello"})", R"("stop")");

// How an attempt ends.
inline Script streamed(std::string body, bool committed = false) {
  return {.stream = true,
          .headers = {{"content-type", "text/event-stream"}},
          .body = std::move(body),
          .committed = committed};
}
inline Script unstreamed(std::string body) {
  return {.headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}
inline Script refused(int status, std::string_view body, bool stream) {
  return {.stream = stream,
          .status = status,
          .headers = {{"content-type", "application/json"}},
          .body = std::string(body)};
}
inline Script broken(Script script, Failure failure) {
  script.ended = Ended::failure;
  script.failure = failure;
  return script;
}
inline Script given_up(Script script, Clock clock) {
  script.ended = Ended::clock;
  script.clock = clock;
  return script;
}
inline Script after(Script script, seconds elapsed) {
  script.elapsed = elapsed;
  return script;
}
inline Script without_head(bool stream, Failure failure, Sent sent) {
  return {.stream = stream, .status = 0, .ended = Ended::failure, .failure = failure, .sent = sent};
}

// What is to come of it.
inline const Expected kSuccess{};
inline Expected retryable(Code code, Billing billing, int caller_status = 0) {
  return {.verdict = Verdict::retryable, .billing = billing, .code = code, .caller_status = caller_status};
}
inline Expected resumable(Code code) {
  return {.verdict = Verdict::resumable, .billing = Billing::possibly_billed, .code = code};
}
inline Expected limited(Code code, std::uint32_t limit) {
  return {.verdict = Verdict::retryable,
          .billing = Billing::refused,
          .code = code,
          .account_out = AccountOut::transient,
          .learned_limit = limit,
          .caller_status = 429};
}
inline Expected account(Code code, AccountOut out, int caller_status) {
  return {.verdict = Verdict::fatal_account,
          .billing = Billing::refused,
          .code = code,
          .account_out = out,
          .caller_status = caller_status};
}
inline Expected request(Code code, int caller_status) {
  return {.verdict = Verdict::fatal_request,
          .billing = Billing::refused,
          .code = code,
          .caller_status = caller_status};
}
inline const Expected kBlank{
    .verdict = Verdict::blank, .billing = Billing::possibly_billed, .code = Code::blank};

}  // namespace dujiang::golden
