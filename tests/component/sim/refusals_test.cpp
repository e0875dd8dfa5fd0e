// The rows of the catalogue that refuse: byte for byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "component/sim/fixture.hpp"
#include "sim/answer.hpp"

namespace dujiang::sim {
namespace {

struct Refusal {
  std::string_view fault;
  int status;
  std::string_view content_type;
  std::string_view body;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.fault; }

class Refuses : public SimTest, public testing::WithParamInterface<Refusal> {};

TEST_P(Refuses, ByteForByte) {
  start();
  for (const bool stream : {false, true}) {
    const Reply reply = chat("Hi [[sim-fault " + std::string(GetParam().fault) + "]]", stream);
    EXPECT_EQ(reply.status, GetParam().status);
    EXPECT_TRUE(reply.has_field("Content-Type: " + std::string(GetParam().content_type) + "\r\n"));
    EXPECT_EQ(reply.body, GetParam().body);
    EXPECT_EQ(reply.end, End::complete);
    EXPECT_FALSE(reply.has_field("Retry-After"));
  }
  EXPECT_EQ(stat("accepted"), 0u);
  EXPECT_EQ(stat("refused"), 2u);
}

constexpr std::string_view kJson = "application/json";

INSTANTIATE_TEST_SUITE_P(
    Rows, Refuses,
    testing::Values(
        Refusal{
            "7", 503, kJson,
            R"({"error":{"message":"Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.","type":"service_unavailable_error","param":null,"code":"service_unavailable_error"}})"},
        Refusal{
            "8; limit=25", 429, kJson,
            R"({"error":{"message":"Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of 25 based on your remaining balance. Please top up your balance to restore your concurrency.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "9; limit=500", 429, kJson,
            R"({"error":{"message":"Too many requests. Your current concurrency is 501, which exceeds the concurrency limit of 500 for this model.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "10", 429, kJson,
            R"({"error":{"message":"Rate limit reached for TPM.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "11", 402, kJson,
            R"({"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "12", 401, kJson,
            R"({"error":{"message":"Authentication Fails, Your api key: ****here is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "13", 400, kJson,
            R"({"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "13; variant=422", 422, kJson,
            R"({"error":{"message":"Failed to deserialize the JSON body into the target type: temperature: invalid value","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})"},
        Refusal{
            "14", 500, kJson,
            R"({"error":{"message":"Internal server error","type":"internal_error","param":null,"code":"internal_error"}})"},
        Refusal{"15", 502, "text/html",
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
                "Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"},
        Refusal{
            "15; variant=504", 504, "text/html",
            "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway "
            "Time-out</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"},
        Refusal{"30", 503, kJson,
                R"({"code":50508,"message":"System is too busy now. Please try again later.","data":null})"},
        Refusal{"30; variant=ollama", 503, kJson,
                R"({"error":"server busy, please try again.  maximum pending requests exceeded"})"},
        Refusal{"30; variant=llamacpp", 503, kJson,
                R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"}));

class Refusals : public SimTest {};

TEST_F(Refusals, NameTheRequestInTheNewerForm) {
  start();
  const Reply reply = chat("Hi [[sim-fault 12; variant=request_id]]", false);
  EXPECT_THAT(reply.body, testing::ContainsRegex("is invalid \\(request_id: [0-9a-f-]{36}\\)"));
}

TEST_F(Refusals, AnOverfullServerNamesThePhasesOwnLimit) {
  start("account-limit");
  EXPECT_THAT(chat("Hi [[sim-fault 8]]", false).body, testing::HasSubstr("concurrency limit of 25 based"));
}

TEST_F(Refusals, CarryRetryAfterWhenTold) {
  start();
  EXPECT_TRUE(chat("Hi [[sim-fault 7; retry_after=2]]", false).has_field("Retry-After: 2\r\n"));
}

TEST_F(Refusals, AreShownToTheFirstAttemptsWithThatPromptOnly) {
  start();
  const std::string prompt = "Hi [[sim-fault 7; times=2]] [[sim-fault 11; times=1]]";
  EXPECT_EQ(chat(prompt, false).status, 503);
  EXPECT_EQ(chat(prompt, true).status, 503);
  EXPECT_EQ(chat(prompt, false).status, 402);
  EXPECT_EQ(content_of(chat(prompt, false).body), AnswerText(prompt).text());
  EXPECT_EQ(chat(prompt + " again", false).status, 503);
}

TEST_F(Refusals, AreToldByHeaderToo) {
  start();
  const std::string fields = "x-sim-fault: 14; times=1, 15; times=1\r\n";
  EXPECT_EQ(call("/v1/chat/completions", chat_body("Hi", false), fields).status, 500);
  EXPECT_EQ(call("/v1/chat/completions", chat_body("Hi", false), fields).status, 502);
  EXPECT_EQ(call("/v1/chat/completions", chat_body("Hi", false), fields).status, 200);
}

TEST_F(Refusals, MeetEmbeddingsAndCompletionsAlike) {
  start();
  const std::string fields = "x-sim-fault: 7\r\n";
  EXPECT_EQ(call("/v1/embeddings", R"({"model":"m","input":"a"})", fields).status, 503);
  EXPECT_EQ(call("/beta/completions", R"({"model":"deepseek-chat","prompt":"a"})", fields).status, 503);
}

TEST_F(Refusals, ByOptionMeetEveryAttempt) {
  Options options;
  options.scenario = load_shipped("calm").value();
  options.faults = {*parse_directive("7; times=1")};
  start(std::move(options));
  EXPECT_EQ(chat("One", false).status, 503);
  EXPECT_EQ(chat("Two", false).status, 503);
}

TEST_F(Refusals, OfConnectionsResetThemBeforeARequestIsRead) {
  Options options;
  options.scenario = load_shipped("calm").value();
  options.faults = {*parse_directive("16; variant=refused")};
  start(std::move(options));
  Caller caller(port());
  EXPECT_EQ(caller.receive().end, End::reset);
}

TEST_F(Refusals, OfRequestsResetBeforeAnyHead) {
  start();
  for (const bool stream : {false, true}) {
    const Reply reply = chat("Hi [[sim-fault 16]]", stream);
    EXPECT_EQ(reply.raw, "");
    EXPECT_EQ(reply.end, End::reset);
  }
  EXPECT_EQ(stat("reset"), 2u);
}

}  // namespace
}  // namespace dujiang::sim
