// The configuration of a gateway that serves is changed: by SIGHUP, and by its file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReloadTest : public AppTest {
 protected:
  // Begins to serve with this key, and with `more` at the top of the file.
  void serve_with(const std::string& more = "", const std::string& listen = "127.0.0.1:0") {
    write_config("sk-first", more);
    gateway_ = std::make_unique<Child>(
        DUJIANG_BINARY, Child::Setup{.arguments = {"serve", "--config", folder() + "/gateway.yaml",
                                                   "--listen", listen, "--port-file", folder() + "/port"}});
    ready_line_ = gateway_->error_line();
    std::ifstream(folder() + "/port") >> port_;
    ASSERT_NE(port_, 0) << ready_line_;
  }

  std::string config(const std::string& key, const std::string& more = "") const {
    return more +
           "version: 1\n"
           "upstreams:\n"
           "  - name: up\n"
           "    base_url: http://127.0.0.1:" +
           std::to_string(upstream_.port()) + "\n    api_key: " + key +
           "\n"
           "routes:\n"
           "  - {name: all, match: \"*\", targets: [{upstream: up}]}\n";
  }

  // As an editor does: whole or not at all.
  void write_config(const std::string& key, const std::string& more = "") const {
    replace(config(key, more));
  }
  void replace(const std::string& content) const {
    const std::string fresh = write_file("fresh", content);
    std::filesystem::rename(fresh, folder() + "/gateway.yaml");
  }

  // The key of a call that is made now.
  std::string key_in_use() const {
    const RawSocket caller = ask_for_stream();
    RawSocket up = upstream_.accept();
    const std::string head = up.take_until("\r\n\r\n");
    const auto at = head.find("Bearer ");
    return at == std::string::npos ? "none" : head.substr(at + 7, head.find("\r\n", at) - at - 7);
  }

  // The next line of the log that is about a reload.
  std::string reload_line() const {
    std::string line;
    do {
      line = gateway_->error_line();
    } while (!line.empty() && line.find("reload") == std::string::npos);
    return line;
  }
};

TEST_F(ReloadTest, AChangedFileComesIntoForceByItself) {
  serve_with();
  EXPECT_EQ(key_in_use(), "sk-first");
  write_config("sk-second");
  EXPECT_THAT(reload_line(), HasSubstr("\"level\":\"info\",\"event\":\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-second");
  const std::string page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("dujiang_config_reloads_total{result=\"applied\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("dujiang_config_stale 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("dujiang_config_loaded_timestamp_seconds 0\n")));
}

TEST_F(ReloadTest, SighupReadsItAgainToo) {
  serve_with();
  gateway_->signal(SIGHUP);
  EXPECT_THAT(reload_line(), HasSubstr("\"event\":\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-first");
}

TEST_F(ReloadTest, AMistakeLeavesTheOldOneInForceAndIsNamedByLineAndKey) {
  serve_with();
  write_config("sk-second", "drain: {grace: soon}\n");
  const std::string line = reload_line();
  EXPECT_THAT(line, HasSubstr("\"level\":\"warning\",\"event\":\"reload_refused\""));
  EXPECT_THAT(line, HasSubstr("the configuration in force stays: " + folder() +
                              "/gateway.yaml:1: drain.grace: is `soon`"));
  EXPECT_EQ(key_in_use(), "sk-first");
  const std::string page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("dujiang_config_reloads_total{result=\"refused\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("dujiang_config_stale 1\n"));
  write_config("sk-third");
  EXPECT_THAT(reload_line(), HasSubstr("\"event\":\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-third");
}

TEST_F(ReloadTest, AFileThatIsGoneOrNoYamlIsAMistakeLikeAnyOther) {
  serve_with();
  std::filesystem::remove(folder() + "/gateway.yaml");
  EXPECT_THAT(reload_line(), HasSubstr("cannot be read: No such file or directory"));
  replace("version: [1\n");
  EXPECT_THAT(reload_line(), HasSubstr("reload_refused"));
  EXPECT_EQ(key_in_use(), "sk-first");
}

TEST_F(ReloadTest, AKeyFileThatChangesIsReadAgain) {
  write_file("keys", "sk-in-file-1\n");
  serve_with();
  std::string with_file = config("KEY");
  with_file.replace(with_file.find("api_key: KEY"), 12, "key_file: keys");
  replace(with_file);
  EXPECT_THAT(reload_line(), HasSubstr("\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-in-file-1");
  write_file("keys", "sk-in-file-2\n");
  EXPECT_THAT(reload_line(), HasSubstr("\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-in-file-2");
  std::filesystem::remove(folder() + "/keys");
  EXPECT_THAT(reload_line(), HasSubstr("gateway.yaml:5: upstreams[0].key_file: the file " + folder() +
                                       "/keys cannot be read"));
  EXPECT_EQ(key_in_use(), "sk-in-file-2");
  write_file("keys", "sk-in-file-3\n");
  EXPECT_THAT(reload_line(), HasSubstr("\"reloaded\""));
  EXPECT_EQ(key_in_use(), "sk-in-file-3");
}

TEST_F(ReloadTest, AStreamUnderWayEndsAsItBegan) {
  serve_with();
  RawSocket caller = ask_for_stream();
  RawSocket up = upstream_.accept();
  up.take_until("\r\n\r\n");
  up.say(stream_head() + content_event("first"));
  EXPECT_THAT(caller.hear(1), HasSubstr("HTTP/1.1 200"));
  replace(
      "version: 1\n"
      "upstreams: [{name: other, base_url: \"http://127.0.0.1:1\"}]\n"
      "routes: [{name: only, match: another-model, targets: [{upstream: other}]}]\n");
  EXPECT_THAT(reload_line(), HasSubstr("\"reloaded\""));
  up.say(content_event("second") + end_events());
  up.close();
  const HttpAnswer answer = hear_answer(caller);
  EXPECT_THAT(answer.body, HasSubstr("second"));
  EXPECT_THAT(answer.body, HasSubstr("data: [DONE]"));
  RawSocket late = ask_for_stream();
  EXPECT_THAT(hear_answer(late).body, HasSubstr("model_not_found"));
}

TEST_F(ReloadTest, AListenersAddressNeedsARestartAndNothingElseComesIntoForceBefore) {
  serve_with();
  write_config("sk-second", "listen: {also: [{port: 1}]}\n");
  const std::string line = reload_line();
  EXPECT_THAT(line, HasSubstr("gateway.yaml:1: listen.also: is `1 listeners` now"));
  EXPECT_THAT(line, HasSubstr("changing it needs a restart"));
  EXPECT_EQ(key_in_use(), "sk-first");
}

TEST_F(ReloadTest, LimitsOfTheListenerChangeLive) {
  serve_with();
  write_config("sk-second", "listen: {max_body: 1KiB}\n");
  EXPECT_THAT(reload_line(), HasSubstr("\"reloaded\""));
  RawSocket caller = connect();
  caller.say(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nContent-Length: 2000\r\n\r\n");
  EXPECT_EQ(hear_answer(caller).status, 413);
}

TEST_F(ReloadTest, TheLogsLevelChangesLive) {
  serve_with();
  write_config("sk-second", "log: {level: warning}\n");
  while (get("/metrics").body.find("result=\"applied\"} 1") == std::string::npos) {
  }
  key_in_use();
  write_config("sk-third", "nonsense: 1\n");
  EXPECT_THAT(gateway_->error_line(), HasSubstr("reload_refused")) << "and no line of a request before";
}

TEST_F(ReloadTest, AReloadWhileDrainingIsRefused) {
  serve_with("drain: {notice: 1m, grace: 1m}\n");
  const RawSocket stays = ask_for_stream();
  const RawSocket up = upstream_.accept();
  gateway_->signal(SIGTERM);
  EXPECT_THAT(gateway_->error_line(), HasSubstr("\"draining\""));
  gateway_->signal(SIGHUP);
  EXPECT_THAT(reload_line(), HasSubstr("the gateway is draining"));
}

TEST_F(ReloadTest, WithoutAFileThereIsNothingToReadAgain) {
  gateway_ = std::make_unique<Child>(DUJIANG_BINARY,
                                     Child::Setup{.arguments = {"serve", "--listen", "127.0.0.1:0"}});
  gateway_->error_line();
  gateway_->signal(SIGHUP);
  EXPECT_THAT(reload_line(), HasSubstr("was started without a file"));
}

}  // namespace
}  // namespace dujiang::testing
