#include "adapters/log/json_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "adapters/log/json_text.hpp"

namespace dujiang::adapters::log {
namespace {

std::string as_json(std::string_view bytes, std::size_t max_bytes = 1024) {
  std::string out;
  append_json_string(out, bytes, max_bytes);
  return out;
}

TEST(JsonString, leaves_text_of_any_language_as_it_is) {
  EXPECT_EQ(as_json("busy 服务器繁忙 🐼 é"), "\"busy 服务器繁忙 🐼 é\"");
}

TEST(JsonString, escapes_what_would_end_the_string_or_the_line) {
  EXPECT_EQ(as_json("a\"b\\c\nd\re\tf"), "\"a\\\"b\\\\c\\u000ad\\u000de\\u0009f\"");
  EXPECT_EQ(as_json(std::string_view("\0\x1b[2J\x7f", 6)), "\"\\u0000\\u001b[2J\\u007f\"");
  EXPECT_EQ(as_json("\u2028\u2029\u0085"), "\"\\u2028\\u2029\\u0085\"");
}

TEST(JsonString, replaces_bytes_that_are_not_utf8) {
  EXPECT_EQ(as_json("\xff"), "\"\\ufffd\"");
  EXPECT_EQ(as_json("\x80z"), "\"\\ufffdz\"");
  EXPECT_EQ(as_json("\xc0\xaf"), "\"\\ufffd\\ufffd\"") << "overlong";
  EXPECT_EQ(as_json("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"") << "surrogate";
  EXPECT_EQ(as_json("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"") << "beyond U+10FFFF";
  EXPECT_EQ(as_json("\xe2\x82"), "\"\\ufffd\"") << "cut short, one maximal subpart";
  EXPECT_EQ(as_json("\xf0\x9f\x90\x22"), "\"\\ufffd\\\"\"") << "the quote is not swallowed";
}

TEST(JsonString, cuts_long_text_between_characters) {
  EXPECT_EQ(as_json("abcdef", 3), "\"abc…\"");
  EXPECT_EQ(as_json("abc", 3), "\"abc\"");
  EXPECT_EQ(as_json("ab服", 4), "\"ab…\"");
}

TEST(JsonString, is_valid_json_whatever_the_bytes) {
  std::string all;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      all.assign({static_cast<char>(first), static_cast<char>(second), 'x'});
      const std::string json = as_json(all);
      boost::system::error_code error;
      const auto value = boost::json::parse(json, error);
      ASSERT_FALSE(error) << json;
      ASSERT_TRUE(value.as_string().ends_with('x')) << json;
    }
  }
}

class Kept final : public Lines {
 public:
  void append(std::string_view line) override { text_ += line; }
  ports::LogState state() const override { return {.lost = 3, .failing = true}; }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

class JsonLogTest : public testing::Test {
 protected:
  JsonLog make(Level level) {
    return {level, [] { return base::WallTime(std::chrono::milliseconds(1795502846123)); }, out_};
  }

  Kept out_;
};

TEST_F(JsonLogTest, writes_a_request_as_one_line_of_json_with_its_attempts) {
  ports::AccessLine line;
  line.request_id = "req-1\n{\"forged\":true}";
  line.peer = "127.0.0.1:5000";
  line.method = "POST";
  line.path = "/v1/chat/completions";
  line.route = "all";
  line.model = "deepseek-chat";
  line.caller_class = "standard";
  line.stream = true;
  line.status = 200;
  line.result = "ok";
  line.served_by = "deepseek/deepseek-chat";
  line.attempts.push_back({"deepseek", "deepseek-chat", "api:443", "busy", "", "refused", 503, 0.25});
  line.attempts.push_back({"deepseek", "deepseek-chat", "", "connect", "refused", "unsent", 0, 0.0000004});
  line.queue_seconds = 0.1;
  line.first_token_seconds = 0.4;
  line.seconds = 1.23456789;
  line.request_bytes = 10;
  line.response_bytes = 20;
  line.prompt_tokens = 7;
  make(Level::info).request(line);
  EXPECT_EQ(
      out_.str(),
      R"({"time":"2026-11-24T06:47:26.123Z","level":"info","event":"request","id":"req-1\u000a{\"forged\":true}",)"
      R"("peer":"127.0.0.1:5000","method":"POST","path":"/v1/chat/completions","route":"all",)"
      R"("model":"deepseek-chat","class":"standard","stream":true,"status":200,"result":"ok",)"
      R"("served_by":"deepseek/deepseek-chat","attempts":[)"
      R"({"upstream":"deepseek","model":"deepseek-chat","endpoint":"api:443","outcome":"busy","billing":"refused",)"
      R"("status":503,"seconds":0.25},)"
      R"({"upstream":"deepseek","model":"deepseek-chat","outcome":"connect","detail":"refused","billing":"unsent","seconds":0}],)"
      R"("queue_seconds":0.1,"first_token_seconds":0.4,"seconds":1.234568,"request_bytes":10,"response_bytes":20,)"
      R"("prompt_tokens":7})"
      "\n");
}

TEST_F(JsonLogTest, writes_notices_and_warnings_with_their_level) {
  JsonLog log = make(Level::info);
  log.notice("ready", "listening");
  log.warning("account_out", "say \"{}\" %v");
  EXPECT_EQ(
      out_.str(),
      R"({"time":"2026-11-24T06:47:26.123Z","level":"info","event":"ready","message":"listening"})"
      "\n"
      R"({"time":"2026-11-24T06:47:26.123Z","level":"warning","event":"account_out","message":"say \"{}\" %v"})"
      "\n");
}

TEST_F(JsonLogTest, at_level_warning_requests_and_notices_are_not_written) {
  JsonLog log = make(Level::warning);
  log.request({});
  log.notice("ready", "");
  EXPECT_EQ(out_.str(), "");
  log.warning("busy", "");
  EXPECT_NE(out_.str(), "");
}

TEST_F(JsonLogTest, at_level_off_nothing_is_written) {
  make(Level::off).warning("busy", "");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(JsonLogTest, tells_how_many_of_its_lines_were_lost) {
  EXPECT_EQ(make(Level::info).state().lost, 3u);
  EXPECT_TRUE(make(Level::info).state().failing);
}

TEST_F(JsonLogTest, a_request_of_hostile_bytes_stays_one_line) {
  ports::AccessLine line;
  line.request_id = line.path = line.model = line.peer =
      std::string("\xff\n\r\0\"\\\xe2\x80", 8) + std::string(5000, '\n');
  make(Level::info).request(line);
  const std::string text = out_.str();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  boost::system::error_code error;
  EXPECT_TRUE(boost::json::parse(text, error).is_object());
  EXPECT_FALSE(error);
}

}  // namespace
}  // namespace dujiang::adapters::log
