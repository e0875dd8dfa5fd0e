// The commands that end by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

using CommandsTest = AppTest;

TEST_F(CommandsTest, version_names_version_and_commit) {
  const Ended ended = run_dujiang({.arguments = {"version"}});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output,
              ContainsRegex("^dujiang [0-9]+\\.[0-9]+\\.[0-9]+ \\(commit ([0-9a-f]{12}|unknown)\\)\n$"));
}

TEST_F(CommandsTest, help_teaches_the_common_uses) {
  const Ended ended = run_dujiang({.arguments = {"--help"}});
  EXPECT_EQ(ended.status, 0);
  for (std::string_view word :
       {"dujiang serve\n", "--config examples/", "dujiang check", "base_url", "curl", "Exit status"}) {
    EXPECT_THAT(ended.output, HasSubstr(word));
  }
}

TEST_F(CommandsTest, check_prints_the_configuration_in_full_with_secrets_masked) {
  const Ended ended = run_dujiang({.arguments = {"check", DUJIANG_SOURCE_DIR "/examples/deepseek.yaml"},
                                   .environment = {{"DEEPSEEK_API_KEY", "sk-secret-of-a-test"}}});
  EXPECT_EQ(ended.status, 0) << ended.error;
  EXPECT_THAT(ended.output, HasSubstr("api_key: \"****test\"\n"));
  EXPECT_THAT(ended.output, HasSubstr("grace: 30s\n"));
  EXPECT_THAT(ended.output, Not(HasSubstr("secret")));
}

TEST_F(CommandsTest, check_says_what_is_wrong_and_exits_with_1) {
  const std::string path = write_file("wrong.yaml", "version: 1\nrotues: []\n");
  const Ended ended = run_dujiang({.arguments = {"check", path}});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "");
  EXPECT_THAT(ended.error, HasSubstr(path + ":2: rotues: is not a known key; did you mean `routes`?\n"));
}

TEST_F(CommandsTest, check_opens_what_the_configuration_names) {
  write_file("ca.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  const std::string path = write_file("wrong.yaml",
                                      "version: 1\n"
                                      "upstreams: [{name: a, base_url: \"https://x\", ca_file: ca.pem}]\n"
                                      "routes: [{name: all, match: \"*\", targets: [{upstream: a}]}]\n");
  const Ended ended = run_dujiang({.arguments = {"check", path}});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.error, HasSubstr("ca.pem"));
}

TEST_F(CommandsTest, serve_refuses_what_check_refuses) {
  const std::string path = write_file("wrong.yaml", "version: 1\nrotues: []\n");
  const Ended served = run_dujiang({.arguments = {"serve", "--config", path}});
  EXPECT_EQ(served.status, 1);
  EXPECT_EQ(served.error, run_dujiang({.arguments = {"check", path}}).error);
}

TEST_F(CommandsTest, wrong_use_exits_with_2_and_says_what_there_is) {
  const Ended typo = run_dujiang({.arguments = {"srve"}});
  EXPECT_EQ(typo.status, 2);
  EXPECT_EQ(typo.error, "dujiang: there is no command `srve`; did you mean `serve`?\n");
  EXPECT_EQ(run_dujiang({.arguments = {}}).status, 2);
  EXPECT_EQ(run_dujiang({.arguments = {"serve", "--port", "1"}}).status, 2);
  EXPECT_EQ(run_dujiang({.arguments = {"check"}}).status, 2);
}

}  // namespace
}  // namespace dujiang::testing
