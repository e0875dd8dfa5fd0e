// What callers do wrong, through the whole gateway: an envelope that says what to do, nothing sent upstream,
// and nothing else disturbed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kMessages = R"("messages":[{"role":"user","content":"hi"}])";

struct BadInput {
  std::string name;
  std::string request;
  int status = 400;
  std::string code;
  std::string advice;   // part of the message
  std::string param{};  // the field to blame
};

void PrintTo(const BadInput& input, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << input.name;
}

std::string chat(std::string_view members) { return post(kChat, "{" + std::string(members) + "}"); }

std::string with(std::string_view members) {
  return chat(std::string(kMessages) + "," + std::string(members));
}

std::string head(std::string_view fields) {
  return "POST " + std::string(kChat) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
}

class BadInputTest : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, GetsAnEnvelopeThatSaysWhatToDo) {
  BusyServer only;
  auto settings = settings_for({{.name = "only", .port = only.port()}});
  settings.routes[0].match = "deepseek-*";
  adapters::http::ServerSettings front;
  front.max_body_bytes = 4096;
  front.max_head_bytes = 8192;
  front.max_target_bytes = 1024;
  const GatewayRig gateway(settings, front);

  const HttpAnswer answer = gateway.call(GetParam().request);
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_NE(answer.header("x-request-id"), "(none)");
  const ChatAnswer told = read_whole(answer.body);
  EXPECT_EQ(told.problem, "");
  EXPECT_EQ(told.errors, 1u);
  EXPECT_EQ(told.error_code, GetParam().code) << answer.body;
  EXPECT_THAT(told.error_message, HasSubstr(GetParam().advice));
  EXPECT_EQ(told.error_param, GetParam().param);
  EXPECT_EQ(only.count("attempts"), 0u);

  EXPECT_EQ(gateway.ask({}).status(), 200);
}

std::vector<BadInput> bad_bodies() {
  return {
      {"empty_body", post(kChat, ""), 400, "empty_body", "Send a JSON object"},
      {"blank_body", post(kChat, " \r\n "), 400, "empty_body", "Send a JSON object"},
      {"cut_json", post(kChat, R"({"model":)"), 400, "invalid_json", "not valid JSON"},
      {"two_values", post(kChat, "{}{}"), 400, "invalid_json", "not valid JSON"},
      {"broken_utf8", with("\"model\":\"deepseek-chat\",\"user\":\"\xff\xfe\""), 400, "invalid_json",
       "UTF-8"},
      {"deep_nesting",
       with(R"("model":"deepseek-chat","x":)" + std::string(2000, '[') + std::string(2000, ']')), 400,
       "invalid_json", "deep"},
      {"array", post(kChat, "[1]"), 400, "invalid_type", "must be a JSON object"},
      {"null", post(kChat, "null"), 400, "invalid_type", "must be a JSON object"},
      {"no_model", chat(kMessages), 400, "missing_model", "GET /v1/models", "model"},
      {"model_of_a_wrong_type", with(R"("model":7)"), 400, "invalid_type", "string", "model"},
      {"unknown_model", with(R"("model":"gpt-9")"), 404, "model_not_found", "deepseek-*", "model"},
      {"no_messages", chat(R"("model":"deepseek-chat")"), 400, "missing_messages", "Send an array",
       "messages"},
      {"messages_of_a_wrong_type", chat(R"("model":"deepseek-chat","messages":"hi")"), 400, "invalid_type",
       "an array", "messages"},
      {"stream_of_a_wrong_type", with(R"("model":"deepseek-chat","stream":"yes")"), 400, "invalid_type",
       "true or false", "stream"},
      {"n_of_a_wrong_type", with(R"("model":"deepseek-chat","n":"two")"), 400, "invalid_type", "an integer",
       "n"},
      {"key_given_twice", with(R"("model":"deepseek-chat","model":"deepseek-flash")"), 400, "duplicate_key",
       "once", "model"},
  };
}

std::vector<BadInput> bad_heads() {
  return {
      {"a_tls_handshake", "\x16\x03\x01\x02\r\n\r\n", 400, "malformed_request", "plain HTTP"},
      {"body_too_large", post(kChat, std::string(5000, ' ')), 413, "body_too_large", "4096"},
      {"announced_body_too_large",
       head("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 999999999999\r\n"), 413,
       "body_too_large", "4096"},
      {"bad_content_length",
       head("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: two\r\n"), 400,
       "malformed_request", "Content-Length"},
      {"doubled_content_length", head("Host: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n"), 400,
       "malformed_request", "Content-Length"},
      {"both_framings", head("Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n"), 400,
       "malformed_request", "Transfer-Encoding"},
      {"head_too_large", head("Host: localhost\r\nx-filler: " + std::string(9000, 'x') + "\r\n"), 431,
       "head_too_large", "8192"},
      {"target_too_large", get("/v1/" + std::string(2000, 'x')), 414, "target_too_long", "1024"},
      {"body_of_another_type",
       head("Host: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n") + "{}", 415,
       "unsupported_media_type", "application/json"},
      {"foreign_origin", post(kChat, "{}", "Origin: https://evil.example\r\n"), 403, "origin_not_allowed",
       "listen.allowed_origins"},
      {"foreign_host",
       head("Host: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n") + "{}", 403,
       "host_not_allowed", "listen.allowed_hosts"},
      {"unknown_path", get("/v1/files"), 404, "unknown_path", "relay_unknown_paths_to"},
      {"wrong_method", get(kChat), 405, "method_not_allowed", "POST"},
      {"too_few_attempts",
       post(kChat, R"({"model":"deepseek-chat",)" + std::string(kMessages) + "}",
            "x-dujiang-max-attempts: 0\r\n"),
       400, "invalid_request_error", "1 to 1000", "x-dujiang-max-attempts"},
      {"another_keep_alive",
       post(kChat, R"({"model":"deepseek-chat",)" + std::string(kMessages) + "}",
            "x-dujiang-keep-alive: 3\r\n"),
       400, "invalid_request_error", "off", "x-dujiang-keep-alive"},
  };
}

std::string name_of(const ::testing::TestParamInfo<BadInput>& input) { return input.param.name; }

INSTANTIATE_TEST_SUITE_P(Bodies, BadInputTest, ::testing::ValuesIn(bad_bodies()), name_of);
INSTANTIATE_TEST_SUITE_P(Heads, BadInputTest, ::testing::ValuesIn(bad_heads()), name_of);

}  // namespace
}  // namespace dujiang::testing
