#include "diagnosis/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "api/json.hpp"
#include "diagnosis/machine.hpp"
#include "diagnosis/words.hpp"

namespace dujiang::diagnosis {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Section section() {
  return {.title = "main: https://api.test",
          .findings = {{.check = check::kDns, .found = "api.test is here"},
                       {.check = check::kConnect, .level = Level::fail, .found = "no", .advice = "try again"},
                       {.check = check::kTls, .level = Level::skipped, .found = "skipped: no"},
                       {.check = check::kKey, .level = Level::skipped, .found = "skipped: no"},
                       {.check = check::kToken, .level = Level::warn, .found = "slow"}}};
}

TEST(Report, HasALineForEachFindingItsAdviceBelowAndWhatWasSkippedAlikeInOne) {
  EXPECT_EQ(to_text(section()),
            "main: https://api.test\n"
            "  ok    dns            api.test is here\n"
            "  FAIL  connect        no\n"
            "                       to do: try again\n"
            "  -     the rest       skipped: no (tls, key)\n"
            "  WARN  token          slow\n");
}

TEST(Report, BreaksLongLinesAtBlanksAndNoWord) {
  const std::string word(150, 'x');
  const std::string text =
      to_text({.title = "t",
               .findings = {{.check = check::kDns, .found = std::string(60, 'a') + " " + word + " b"}}});
  EXPECT_THAT(text, HasSubstr("\n" + std::string(23, ' ') + word + "\n" + std::string(23, ' ') + "b\n"));
}

TEST(Report, IsColouredOnlyWhereThatIsAskedFor) {
  EXPECT_THAT(to_text(section()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_text(section(), Colour::ansi), HasSubstr("\x1b[31mFAIL"));
}

TEST(Report, EndsWithWhatItComesTo) {
  EXPECT_EQ(summary({}), "All is well.\n");
  EXPECT_EQ(summary({.warned = 1}), "It works; 1 warning.\n");
  EXPECT_EQ(summary({.failed = 2, .warned = 2}), "2 checks failed, 2 warnings.\n");
  Tally tally;
  tally.count(section());
  EXPECT_EQ(tally.failed, 1u);
  EXPECT_EQ(tally.warned, 1u);
}

TEST(Report, IsJsonForPrograms) {
  const Section sections[] = {section()};
  api::JsonParser parser;
  const auto root = parser.parse(to_json(sections));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("failed")->integer(), 1);
  EXPECT_THAT(to_json(sections),
              HasSubstr(R"({"check":"tls","level":"skipped","found":"skipped: no","advice":""})"));
}

TEST(Words, SayTimesAsPeopleDo) {
  EXPECT_EQ(span_text(300us), "<1 ms");
  EXPECT_EQ(span_text(340ms), "340 ms");
  EXPECT_EQ(span_text(2500ms), "2.5 s");
  EXPECT_EQ(long_span_text(59s), "59 s");
  EXPECT_EQ(long_span_text(3min), "3 min");
  EXPECT_EQ(long_span_text(47h), "47 h 0 min");
  EXPECT_EQ(long_span_text(48h), "2 days");
}

TEST(Words, OfOthersAreOneLineOfPlainText) {
  EXPECT_EQ(quoted(" a\r\n\tb\x1b[2J\x7f "), "\"a b [2J\"");
  const std::string longest = one_line(std::string(239, 'a') + "岷江");
  EXPECT_EQ(longest, std::string(239, 'a') + "…") << "no half character";
}

TEST(JudgeListener, TakesARunningGatewayForAGoodSign) {
  using State = ListenerSeen::State;
  const auto judged = [](State state) { return judge_listener({.where = "127.0.0.1:8080", .state = state}); };
  EXPECT_EQ(judged(State::free).level, Level::ok);
  EXPECT_EQ(judged(State::gateway).level, Level::ok);
  EXPECT_EQ(judged(State::draining).level, Level::warn);
  EXPECT_EQ(judged(State::unseen).level, Level::skipped);
  const Finding refused = judge_listener(
      {.where = "x", .state = State::refused, .failure = "cannot listen on x: in use; choose y"});
  EXPECT_EQ(refused.level, Level::fail);
  EXPECT_EQ(refused.found, "cannot listen on x: in use");
  EXPECT_EQ(refused.advice, "choose y");
}

TEST(JudgeDescriptors, CountsWhatConnectionsAndStreamsNeed) {
  const DescriptorsSeen enough{
      .limit = 20128, .callers = 13333, .max_connections = 10000, .max_streams = 10000};
  EXPECT_EQ(judge_descriptors(enough).level, Level::ok);
  DescriptorsSeen scarce = enough;
  scarce.limit = 20127;
  EXPECT_EQ(judge_descriptors(scarce).level, Level::warn);
  EXPECT_THAT(judge_descriptors(scarce).found, HasSubstr("10000 streams at once would need 20128"));
  scarce.max_streams = 9999;
  EXPECT_EQ(judge_descriptors(scarce).level, Level::ok);
  const Finding few =
      judge_descriptors({.limit = 256, .callers = 84, .max_connections = 10000, .max_streams = 10000});
  EXPECT_EQ(few.level, Level::warn);
  EXPECT_THAT(few.found, HasSubstr("256 allow 84 connections of callers"));
  EXPECT_THAT(few.advice, HasSubstr("LimitNOFILE="));
}

}  // namespace
}  // namespace dujiang::diagnosis
