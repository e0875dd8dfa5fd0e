#include "diagnosis/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace dujiang::diagnosis {
namespace {

using namespace std::chrono_literals;
using provider::Code;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Trouble = AnswerSeen::Trouble;

constexpr std::string_view kUrl = "https://api.test/models";
constexpr base::WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25);

const provider::Dialect& deepseek() { return *provider::find_dialect("deepseek"); }

AnswerSeen answer(int status, std::string body, http::Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body), .took = 20ms, .at = kNow};
}
AnswerSeen broken(std::string why) {
  return {.trouble = Trouble::broken, .failure = std::move(why), .took = 3ms};
}
AnswerSeen timed_out() { return {.trouble = Trouble::timed_out, .took = 10s}; }

constexpr const char* kList = R"({"object":"list","data":[{"id":"a"},{"id":"b"}]})";
const KeyTried kKey{.account = "main", .masked = "****1234"};

TEST(JudgeAnswer, IsContentWithARefusalToWhoShowsNoKeyAndWithAnOpenList) {
  EXPECT_EQ(judge_answer(answer(401, "{}"), kUrl).level, Level::ok);
  EXPECT_THAT(judge_answer(answer(401, "{}"), kUrl).found,
              AllOf(HasSubstr("https://api.test/models answers 401"), HasSubstr("as it should")));
  EXPECT_EQ(judge_answer(answer(200, kList), kUrl).level, Level::ok);
  EXPECT_TRUE(lists_for_all(answer(200, kList)));
  EXPECT_FALSE(lists_for_all(answer(200, "{}")));
  EXPECT_FALSE(lists_for_all(answer(401, "{}")));
}

TEST(JudgeAnswer, KnowsALoginPageFromAnApi) {
  const AnswerSeen page = answer(200, "<!DOCTYPE html><h1>Free WiFi</h1>");
  EXPECT_FALSE(speaks_api(page));
  EXPECT_EQ(judge_answer(page, kUrl).level, Level::fail);
  EXPECT_THAT(judge_answer(page, kUrl).advice, HasSubstr("log in with a browser"));
  EXPECT_FALSE(speaks_api(answer(200, "hi", {{"Content-Type", "text/html"}})));

  const AnswerSeen sent_on = answer(302, "", {{"Location", "http://wifi.lan/login"}});
  EXPECT_FALSE(speaks_api(sent_on));
  EXPECT_THAT(judge_answer(sent_on, kUrl).found, HasSubstr("http://wifi.lan/login"));
  EXPECT_EQ(judge_answer(sent_on, kUrl).level, Level::fail);
}

TEST(JudgeAnswer, TakesTheErrorPageOfAFrontForAnApiInTrouble) {
  const AnswerSeen page = answer(502, "<html>openresty</html>", {{"Content-Type", "text/html"}});
  EXPECT_TRUE(speaks_api(page));
  EXPECT_EQ(judge_answer(page, kUrl).level, Level::warn);
  EXPECT_THAT(judge_answer(page, kUrl).advice, HasSubstr("the gateway waits"));
}

TEST(JudgeAnswer, DoubtsThePathWhereThereIsNoList) {
  EXPECT_EQ(judge_answer(answer(404, "{}"), kUrl).level, Level::warn);
  EXPECT_THAT(judge_answer(answer(404, "{}"), kUrl).advice, HasSubstr("/v1"));
  EXPECT_THAT(judge_answer(answer(200, R"({"hello":1})"), kUrl).found, HasSubstr(R"({"hello":1})"));
}

TEST(JudgeAnswer, SaysWhatCameInsteadOfOne) {
  EXPECT_FALSE(speaks_api(timed_out()));
  EXPECT_EQ(judge_answer(timed_out(), kUrl).level, Level::fail);
  EXPECT_THAT(judge_answer(timed_out(), kUrl).found, HasSubstr("within 10.0 s"));
  EXPECT_FALSE(speaks_api(broken("the bytes are not HTTP")));
  EXPECT_THAT(judge_answer(broken("the bytes are not HTTP"), kUrl).found,
              HasSubstr("the bytes are not HTTP"));
  EXPECT_EQ(judge_answer(answer(407, ""), kUrl).level, Level::fail);
  EXPECT_THAT(judge_answer(answer(407, ""), kUrl).advice, HasSubstr("user and password"));
}

AnswerSeen dated(std::string date, http::Headers more = {}) {
  more.add("Date", std::move(date));
  return answer(200, "{}", std::move(more));
}

TEST(JudgeClock, IsContentWithinSeconds) {
  EXPECT_EQ(judge_clock(dated("Wed, 25 Nov 2026 00:00:00 GMT")).found,
            "agrees with the server's to the second");
  EXPECT_EQ(judge_clock(dated("Wed, 25 Nov 2026 00:00:04 GMT")).level, Level::ok);
  EXPECT_EQ(judge_clock(dated("Tue, 24 Nov 2026 23:59:55 GMT")).level, Level::ok);
  EXPECT_EQ(judge_clock(dated("Tue, 24 Nov 2026 23:59:54 GMT")).level, Level::warn);
}

TEST(JudgeClock, SaysWhichWayItIsWrongAndByHowMuch) {
  const Finding ahead = judge_clock(dated("Tue, 24 Nov 2026 23:00:00 GMT"));
  EXPECT_EQ(ahead.level, Level::warn);
  EXPECT_THAT(ahead.found, HasSubstr("1 h 0 min ahead of the server: here Wed, 25 Nov 2026 00:00:00 GMT"));
  EXPECT_THAT(ahead.advice, HasSubstr("timedatectl"));
  EXPECT_THAT(judge_clock(dated("Sat, 28 Nov 2026 00:00:00 GMT")).found,
              HasSubstr("3 days behind the server"));
}

TEST(JudgeClock, AllowsForWhatACacheKeptAndForWhatTookLong) {
  EXPECT_EQ(judge_clock(dated("Tue, 24 Nov 2026 23:00:00 GMT", {{"Age", "3600"}})).level, Level::ok);
  AnswerSeen slow = dated("Tue, 24 Nov 2026 23:59:50 GMT");
  slow.took = 9s;
  EXPECT_EQ(judge_clock(slow).level, Level::ok);
}

TEST(JudgeClock, IsSkippedWithoutADate) {
  EXPECT_EQ(judge_clock(answer(200, "{}")).level, Level::skipped);
  EXPECT_EQ(judge_clock(dated("today")).level, Level::skipped);
}

TEST(JudgeKey, NamesItByItsLastCharactersOnly) {
  EXPECT_EQ(judge_key(kKey, answer(200, kList), deepseek()).found, "****1234 of account main is accepted");
  EXPECT_EQ(judge_key({.account = "main"}, answer(200, kList), deepseek()).found,
            "account main (no key): none is asked for");
}

TEST(JudgeKey, SaysInTheVendorsWordsWhyItIsRefused) {
  const std::string body = R"({"error":{"message":"Authentication Fails, Your api key: ****1234 is invalid",)"
                           R"("type":"authentication_error","param":null,"code":"invalid_request_error"}})";
  const Finding refused = judge_key(kKey, answer(401, body), deepseek());
  EXPECT_EQ(refused.level, Level::fail);
  EXPECT_THAT(refused.found, HasSubstr("401, \"Authentication Fails, Your api key: ****1234 is invalid\""));
  EXPECT_THAT(refused.advice, HasSubstr("copied whole"));
  EXPECT_THAT(judge_key({.account = "main"}, answer(401, body), deepseek()).advice, HasSubstr("api_key"));

  const Finding broke =
      judge_key(kKey, answer(402, R"({"error":{"message":"Insufficient Balance"}})"), deepseek());
  EXPECT_EQ(broke.level, Level::fail);
  EXPECT_THAT(broke.advice, HasSubstr("top the account up"));
  EXPECT_EQ(judge_key(kKey, answer(403, "{}"), deepseek()).level, Level::fail);
}

TEST(JudgeKey, DoubtsThePathWhereThereIsNothing) {
  EXPECT_EQ(judge_key(kKey, answer(404, "{}"), deepseek()).level, Level::warn);
  EXPECT_THAT(judge_key(kKey, answer(404, "{}"), deepseek()).advice, HasSubstr("base_url"));
}

TEST(JudgeKey, DoesNotBlameItForAServerInTrouble) {
  for (const AnswerSeen& seen :
       {answer(503, "{}"), answer(429, "{}"), answer(500, ""), timed_out(), broken("cut")}) {
    const Finding finding = judge_key(kKey, seen, deepseek());
    EXPECT_EQ(finding.level, Level::warn) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr("could not be tried"));
  }
}

TEST(JudgeKey, GoesByTheCallWhereTheListIsOpenToAll) {
  const Finding good{.check = check::kToken, .level = Level::ok};
  const Finding bad{.check = check::kToken, .level = Level::fail};
  EXPECT_EQ(judge_key_by_call(kKey, &good).level, Level::ok);
  EXPECT_EQ(judge_key_by_call(kKey, &bad).level, Level::skipped);
  EXPECT_EQ(judge_key_by_call(kKey, nullptr).level, Level::skipped);
  EXPECT_EQ(judge_key_by_call({.account = "main"}, nullptr).level, Level::ok);
}

TEST(JudgeModels, MissesWhatATargetNamesAndMerelyMentionsWhatRoutesPassOn) {
  const Finding all = judge_models(answer(200, kList), {.by_target = {"a"}, .by_route = {"b"}});
  EXPECT_EQ(all.level, Level::ok);
  EXPECT_EQ(all.found, "2 models: a, b; all that the routes name");
  const Finding lost = judge_models(answer(200, kList), {.by_target = {"c"}});
  EXPECT_EQ(lost.level, Level::warn);
  EXPECT_EQ(lost.found, "c is not in the list; 2 models: a, b");
  const Finding unlisted = judge_models(answer(200, kList), {.by_route = {"alias"}});
  EXPECT_EQ(unlisted.level, Level::ok);
  EXPECT_THAT(unlisted.found, HasSubstr("Not listed, though routes name them: alias"));
}

TEST(JudgeModels, WarnsOfAnEmptyListInEitherForm) {
  EXPECT_EQ(judge_models(answer(200, R"({"data":[]})"), {}).level, Level::warn);
  EXPECT_EQ(judge_models(answer(200, R"({"data":null})"), {}).level, Level::warn);
  EXPECT_EQ(judge_models(answer(503, "{}"), {}).level, Level::skipped);
  EXPECT_EQ(judge_models(answer(200, "{"), {}).level, Level::skipped);
}

TEST(ReadModels, TakesNothingThatATerminalWouldObey) {
  EXPECT_THAT(read_models(R"({"data":[{"id":"a\u001b[31mb"},{"name":"no id"},3]})").value(),
              ElementsAre("a [31mb"));
}

TEST(ModelToTry, IsOneThatIsWantedAndOfferedIfThereIsOne) {
  EXPECT_EQ(model_to_try({.by_target = {"x", "b"}, .by_route = {"a"}}, {"a", "b"}), "b");
  EXPECT_EQ(model_to_try({.by_route = {"y", "a"}}, {"a", "b"}), "a");
  EXPECT_EQ(model_to_try({.by_target = {"x"}}, {"a"}), "x") << "it may be served without being listed";
  EXPECT_EQ(model_to_try({.by_route = {"y"}}, {"a"}), "a");
  EXPECT_EQ(model_to_try({.by_route = {"y"}}, {}), "y");
  EXPECT_EQ(model_to_try({}, {}), "");
}

Finding balance(std::string_view total, std::string_view available = "true") {
  return judge_balance(kKey,
                       answer(200, R"({"is_available":)" + std::string(available) +
                                       R"(,"balance_infos":[{"currency":"CNY","total_balance":")" +
                                       std::string(total) + R"("}]})"),
                       deepseek());
}

TEST(JudgeBalance, WarnsWhenItIsLowAndFailsWhenItIsTooLow) {
  EXPECT_EQ(balance("110.00").level, Level::ok);
  EXPECT_EQ(balance("110.00").found, "110.00 CNY left to account main");
  EXPECT_EQ(balance("0.99").level, Level::warn);
  EXPECT_EQ(balance("0.00", "false").level, Level::fail);
  EXPECT_THAT(balance("0.00", "false").advice, HasSubstr("top the account up"));
}

TEST(JudgeBalance, SaysWhenItCannotTell) {
  EXPECT_EQ(judge_balance(kKey, answer(200, "{}"), deepseek()).level, Level::warn);
  EXPECT_EQ(judge_balance(kKey, answer(500, ""), deepseek()).level, Level::warn);
  EXPECT_EQ(judge_balance(kKey, answer(401, "{}"), deepseek()).level, Level::fail);
  EXPECT_EQ(judge_balance(kKey, answer(401, "{}"), deepseek()).check, check::kBalance);
  EXPECT_EQ(judge_balance(kKey, timed_out(), deepseek()).level, Level::warn);
}

TEST(JudgeToken, TellsOfTheTimeAndOfTheModelThatWasServed) {
  const Finding good =
      judge_token({.asked = "alias", .served = "model-1", .first_token = 420ms, .took = 500ms});
  EXPECT_EQ(good.level, Level::ok);
  EXPECT_EQ(good.found, "the first token after 420 ms, from model-1 (asked for alias)");
  EXPECT_EQ(judge_token({.asked = "a", .took = 2s}).found, "a whole answer after 2.0 s, from a");
  EXPECT_EQ(judge_token({.asked = "a", .first_token = 11s, .took = 12s}).level, Level::warn);
}

TEST(JudgeToken, FailsForWhatDoesNotPassAndWarnsOfABusyServer) {
  const auto level = [](Code code) { return judge_token({.asked = "a", .code = code, .took = 1s}).level; };
  for (const Code code : {Code::busy, Code::rate_limited, Code::concurrency_limit, Code::server_error}) {
    EXPECT_EQ(level(code), Level::warn) << provider::to_string(code);
  }
  for (const Code code : {Code::auth, Code::balance, Code::forbidden, Code::model_not_found,
                          Code::bad_request, Code::garbage, Code::timed_out, Code::reset}) {
    EXPECT_EQ(level(code), Level::fail) << provider::to_string(code);
  }
  const Finding broke = judge_token(
      {.asked = "a", .code = Code::balance, .status = 402, .words = "Insufficient Balance", .took = 1s});
  EXPECT_EQ(broke.found, "no token of a: balance, status 402, \"Insufficient Balance\" (after 1.0 s)");
  EXPECT_THAT(broke.advice, HasSubstr("top the account up"));
}

TEST(JudgeToken, KnowsAServerThatKeepsACallWaitingFromOneThatIsSilent) {
  EXPECT_EQ(judge_token({.asked = "a", .code = Code::timed_out, .took = 30s, .kept_alive = true}).level,
            Level::warn);
  EXPECT_THAT(judge_token({.asked = "a", .code = Code::silent, .took = 30s}).advice,
              HasSubstr("says nothing"));
}

}  // namespace
}  // namespace dujiang::diagnosis
