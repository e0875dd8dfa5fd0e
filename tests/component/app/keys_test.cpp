// Callers' keys from `dujiang key new` to the line in the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class KeysTest : public AppTest {
 protected:
  std::string file() const { return folder() + "/keys"; }

  // A new key whose entry is in the file, with more settings in it.
  std::string new_key(const std::string& name, const std::string& more = "") const {
    const Ended made = run_dujiang({.arguments = {"key", "new", name, "--file", file()}});
    EXPECT_EQ(made.status, 0) << made.error;
    std::string entries = read_file();
    entries.insert(entries.rfind('}'), more);
    std::ofstream(file()) << entries;
    return made.output.substr(0, made.output.find('\n'));
  }

  std::string read_file() const {
    std::stringstream content;
    content << std::ifstream(file()).rdbuf();
    return content.str();
  }

  void serve_with_keys(const std::string& more = "") { serve("caller_keys: {keys_file: keys}\n" + more); }

  HttpAnswer say(const std::string& bytes) const {
    RawSocket caller = connect();
    caller.say(bytes);
    return hear_answer(caller);
  }

  HttpAnswer get_as(const std::string& path, const std::string& fields) const {
    return say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  }
};

constexpr const char* kModels = "/v1/models/some-model";

TEST_F(KeysTest, key_new_prints_a_key_once_with_its_entry) {
  const Ended made = run_dujiang({.arguments = {"key", "new", "team-a"}});
  EXPECT_EQ(made.status, 0) << made.error;
  EXPECT_THAT(made.output, ContainsRegex("\ndj_[a-z2-7]{8}_[a-z2-7]{32}\n"));
  EXPECT_THAT(
      made.output,
      ContainsRegex("\n- \\{name: team-a, id: [a-z2-7]{8}, hash: sha256:[0-9a-f]{32}:[0-9a-f]{64}\\}\n"));
}

TEST_F(KeysTest, key_new_appends_to_a_file_that_only_its_owner_can_read) {
  const Ended made = run_dujiang({.arguments = {"key", "new", "team-a", "--file", file()}});
  EXPECT_THAT(made.output, MatchesRegex("dj_[a-z2-7]{8}_[a-z2-7]{32}\n"));
  const std::string id = made.output.substr(3, 8);
  EXPECT_THAT(read_file(), StartsWith("- {name: team-a, id: " + id + ", hash: "));
  EXPECT_THAT(read_file(), Not(HasSubstr(made.output.substr(12, 32)))) << "the secret is kept nowhere";
  struct stat status{};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(KeysTest, key_new_keeps_what_the_file_holds_even_without_an_end_of_line) {
  std::ofstream(file()) << "# ours";
  const Ended made = run_dujiang({.arguments = {"key", "new", "a", "--file", file()}});
  EXPECT_THAT(read_file(), StartsWith("# ours\n- {name: a, "));
  EXPECT_THAT(made.error, HasSubstr("can be read by other users; chmod 600 it"));
}

TEST_F(KeysTest, key_new_says_what_is_wrong) {
  const Ended named = run_dujiang({.arguments = {"key", "new", "team a"}});
  EXPECT_EQ(named.status, 1);
  EXPECT_THAT(named.error, HasSubstr("a key's name is 1 to 64 letters"));
  EXPECT_EQ(named.output, "");
  const Ended unwritable = run_dujiang({.arguments = {"key", "new", "a", "--file", folder() + "/none/keys"}});
  EXPECT_EQ(unwritable.status, 1);
  EXPECT_THAT(unwritable.error, HasSubstr("/none/keys cannot be written: No such file or directory"));
  EXPECT_EQ(unwritable.output, "") << "a key that nobody can use is not shown";
  EXPECT_EQ(run_dujiang({.arguments = {"key"}}).status, 2);
  EXPECT_EQ(run_dujiang({.arguments = {"key", "new"}}).status, 2);
}

TEST_F(KeysTest, whoever_has_one_may_call_by_either_field) {
  const std::string key = new_key("team-a");
  serve_with_keys();
  EXPECT_EQ(get_as("/nowhere", "Authorization: Bearer " + key + "\r\n").status, 404);
  EXPECT_EQ(get_as("/nowhere", "x-api-key: " + key + "\r\n").status, 404);
}

TEST_F(KeysTest, whoever_has_none_gets_the_same_answer_whatever_is_wrong) {
  const std::string key = new_key("team-a");
  serve_with_keys();
  std::string wrong = key;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  const HttpAnswer without = get_as(kModels, "");
  EXPECT_EQ(without.status, 401);
  EXPECT_EQ(without.header("WWW-Authenticate"), "Bearer realm=\"dujiang\"");
  EXPECT_THAT(without.body,
              HasSubstr(R"("type":"invalid_request_error","param":null,"code":"invalid_api_key")"));
  for (const std::string& field :
       {"Authorization: Bearer " + wrong, "x-api-key: " + wrong,
        std::string("Authorization: Bearer dj_aaaaaaaa_") + std::string(32, 'a'),
        std::string("Authorization: Bearer sk-1"), std::string("Authorization: Basic eA==")}) {
    const HttpAnswer answer = get_as(kModels, field + "\r\n");
    EXPECT_EQ(answer.status, 401) << field;
    EXPECT_EQ(answer.body, without.body) << field;
  }
  const std::string metrics = get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("dujiang_caller_keys_refused_total{reason=\"missing\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("dujiang_caller_keys_refused_total{reason=\"unknown\"} 4\n"));
  EXPECT_THAT(
      metrics,
      HasSubstr("dujiang_requests_total{route=\"\",operation=\"other\",result=\"invalid_api_key\"} 6\n"));
}

TEST_F(KeysTest, a_bad_key_is_in_no_line_of_the_log) {
  new_key("team-a");
  serve_with_keys();
  get_as(kModels, "Authorization: Bearer dj_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n");
  const std::string line = gateway_->error_line();
  EXPECT_THAT(line, HasSubstr(R"("method":"GET","path":"/v1/models/some-model")"));
  EXPECT_THAT(line, HasSubstr(R"("status":401,"result":"invalid_api_key")"));
  EXPECT_THAT(line, Not(HasSubstr("dj_")));
  EXPECT_THAT(line, Not(HasSubstr("aaaaaaaa")));
}

TEST_F(KeysTest, two_keys_that_differ_are_refused_even_if_one_is_right) {
  const std::string a = new_key("a");
  const std::string b = new_key("b");
  serve_with_keys();
  const HttpAnswer answer = get_as(kModels, "Authorization: Bearer " + a + "\r\nx-api-key: " + b + "\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("ambiguous_api_key"));
}

TEST_F(KeysTest, a_body_is_not_waited_for_where_the_key_is_wrong) {
  new_key("team-a");
  serve_with_keys();
  EXPECT_EQ(say("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
                .status,
            401);
}

TEST_F(KeysTest, a_key_bounds_the_bodies_that_it_may_send) {
  const std::string key = new_key("team-a", ", max_body: 1KiB");
  serve_with_keys();
  const std::string head =
      "POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nx-api-key: " + key +
      "\r\n";
  EXPECT_EQ(say(head + "Content-Length: 1024\r\n\r\n" + std::string(1024, ' ')).status, 404);
  const HttpAnswer announced = say(head + "Content-Length: 1025\r\n\r\n");
  EXPECT_EQ(announced.status, 413);
  EXPECT_THAT(announced.body, HasSubstr("limit of 1024 bytes of this key"));
  EXPECT_EQ(say(head + "Transfer-Encoding: chunked\r\n\r\n401\r\n" + std::string(1025, ' ')).status, 413);
  gateway_->error_line();
  const std::string line = gateway_->error_line();
  EXPECT_THAT(line, HasSubstr(R"("caller":"team-a")"));
  EXPECT_THAT(line, HasSubstr(R"("status":413,"result":"body_too_large")"));
}

TEST_F(KeysTest, health_stays_open_and_metrics_to_this_machine_and_to_keys_that_may) {
  const std::string plain = new_key("team-a");
  const std::string prometheus = new_key("prometheus", ", metrics: true");
  serve_with_keys();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/metrics").status, 200);
  const std::string proxied = "X-Forwarded-For: 198.51.100.7\r\n";
  EXPECT_EQ(get_as("/metrics", proxied).status, 401);
  EXPECT_EQ(get_as("/metrics", proxied + "x-api-key: " + plain + "\r\n").status, 403);
  EXPECT_EQ(get_as("/metrics", proxied + "x-api-key: " + prometheus + "\r\n").status, 200);
}

TEST_F(KeysTest, the_name_is_in_the_line_of_the_log_and_in_a_label_and_the_key_goes_to_no_upstream) {
  const std::string key = new_key("team-a");
  serve_with_keys();
  RawSocket caller = connect();
  const std::string body = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";
  caller.say(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nx-api-key: " +
      key + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  RawSocket up = upstream_.accept();
  const std::string head = up.take_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Bearer sk-key-of-the-gateway"));
  EXPECT_THAT(head, Not(HasSubstr("dj_")));
  up.say(stream_head() + content_event("hello") + end_events());
  up.close();
  EXPECT_THAT(hear_answer(caller).body, HasSubstr("data: [DONE]"));
  const std::string line = gateway_->error_line();
  EXPECT_THAT(line, HasSubstr(R"("caller":"team-a")"));
  EXPECT_THAT(line, Not(HasSubstr("dj_")));
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("dujiang_caller_requests_total{caller=\"team-a\",result=\"ok\"} 1\n"));
}

TEST_F(KeysTest, a_changed_file_lets_others_in_and_shuts_out_whom_it_names_no_more) {
  const std::string goes = new_key("goes");
  serve_with_keys();
  const auto status_of = [this](const std::string& key) {
    const int status = get_as("/nowhere", "x-api-key: " + key + "\r\n").status;
    gateway_->error_line();  // of the request
    return status;
  };
  EXPECT_EQ(status_of(goes), 404);
  const Ended made = run_dujiang({.arguments = {"key", "new", "comes"}});
  const std::string comes = made.output.substr(made.output.find("dj_"), goes.size());
  std::ofstream(file()) << made.output.substr(made.output.find("- {name"));
  EXPECT_THAT(gateway_->error_line(), HasSubstr("\"event\":\"reloaded\""));
  EXPECT_EQ(status_of(comes), 404);
  EXPECT_EQ(status_of(goes), 401);
}

TEST_F(KeysTest, a_file_that_others_may_read_is_warned_about_at_the_start) {
  new_key("team-a");
  ASSERT_EQ(chmod(file().c_str(), 0644), 0);
  serve_with_keys();
  const std::string line = gateway_->error_line();
  EXPECT_THAT(line, HasSubstr("\"level\":\"warning\""));
  EXPECT_THAT(line, HasSubstr("keys can be read by other users; chmod 600 it"));
}

}  // namespace
}  // namespace dujiang::testing
