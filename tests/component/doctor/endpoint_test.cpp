// What the doctor finds of an endpoint that answers, well or badly.
#include "component/doctor/fixture.hpp"
#include "http/date.hpp"
#include "support/busy_server.hpp"

namespace dujiang::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using EndpointTest = DoctorTest;

TEST_F(EndpointTest, FindsNothingWrongWhereNothingIs) {
  const RawUpstream upstream(answers(healthy));
  examine(case_of(upstream));
  EXPECT_EQ(count(Level::fail), 0u);
  EXPECT_EQ(count(Level::warn), 0u);
  EXPECT_EQ(found(check::kKey).found, "****1234 of account default is accepted");
  EXPECT_EQ(found(check::kModels).found, "1 model: deepseek-chat; all that the routes name");
  EXPECT_EQ(found(check::kBalance).found, "50.00 CNY left to account default");
  EXPECT_THAT(found(check::kToken).found, AllOf(HasSubstr("the first token after"), HasSubstr("from m")));
}

TEST_F(EndpointTest, AsksForOneTokenAndOnlyWhereThatIsWanted) {
  const RawUpstream upstream(answers(healthy));
  examine(case_of(upstream));
  EXPECT_THAT(upstream.heard().back().body,
              AllOf(HasSubstr(R"("model":"deepseek-chat")"), HasSubstr(R"("max_tokens":1)"),
                    HasSubstr(R"("stream":true)")));
  doctor::EndpointCase endpoint = case_of(upstream);
  endpoint.call = false;
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kToken), Level::skipped);
  EXPECT_EQ(std::ranges::count(upstream.heard(), "POST", &HeardRequest::method), 1);
}

TEST_F(EndpointTest, SaysTheLimitInTheOtherWayWhereTheFirstIsRefused) {
  const RawUpstream upstream(answers([](const HeardRequest& request) {
    if (request.body.contains("\"max_tokens\"")) {
      return json_answer(400, R"({"error":{"message":"Use 'max_completion_tokens' instead."}})");
    }
    return healthy(request);
  }));
  examine(case_of(upstream));
  EXPECT_EQ(level(check::kToken), Level::ok) << found(check::kToken).found;
}

TEST_F(EndpointTest, TriesEachKeyAndLooksAtTheBalanceOfEachAccountOnce) {
  const RawUpstream upstream(answers(healthy));
  doctor::EndpointCase endpoint = case_of(upstream);
  route::UpstreamSpec& spec = change(endpoint);
  spec.accounts = {{.name = "old", .keys = {route::Secret("sk-no-longer-valid")}},
                   {.name = "new", .keys = {route::Secret(kKey), route::Secret(kKey)}}};
  examine(std::move(endpoint));
  EXPECT_THAT(found(check::kKey).found,
              AllOf(HasSubstr("****alid of account old is not accepted"), HasSubstr("401")));
  EXPECT_EQ(std::ranges::count(section_.findings, check::kKey, &Finding::check), 3);
  EXPECT_EQ(std::ranges::count(section_.findings, check::kBalance, &Finding::check), 1);
  EXPECT_EQ(level(check::kToken), Level::ok) << "asked for with the key that is accepted";
}

TEST_F(EndpointTest, SkipsWhatAKeyIsNeededForWhereNoneIsAccepted) {
  const RawUpstream upstream(answers([](const HeardRequest& request) {
    return json_answer(401,
                       R"({"error":{"message":"Your api key: )" + request.header("Authorization") + "\"}}");
  }));
  examine(case_of(upstream));
  EXPECT_EQ(level(check::kKey), Level::fail);
  EXPECT_THAT(found(check::kKey).found, HasSubstr("Your api key: Bearer ****1234"))
      << "said back, but not told";
  for (const auto name : {check::kModels, check::kBalance, check::kToken})
    EXPECT_EQ(level(name), Level::skipped);
}

TEST_F(EndpointTest, TellsNoKeyThatIsSaidBackAsTheModel) {
  std::string chunk = chunk_of(R"({"content":"Hi"})");
  const std::string_view model = R"("model":"m")";
  ASSERT_TRUE(chunk.contains(model));
  chunk.replace(chunk.find(model), model.size(), R"("model":")" + std::string(kKey) + '"');
  const RawUpstream upstream(
      healthy_but("/chat/completions", event_answer({chunk, chunk_of("{}", R"("length")"), "[DONE]"})));
  examine(case_of(upstream));
  EXPECT_THAT(found(check::kToken).found, AllOf(HasSubstr("from ****1234"), Not(HasSubstr(kKey))));
}

TEST_F(EndpointTest, EndsWhereAKeyReadsLikeItsMask) {
  const RawUpstream upstream(answers([](const HeardRequest& request) {
    return json_answer(401,
                       R"({"error":{"message":"Your api key: )" + request.header("Authorization") + "\"}}");
  }));
  for (const char* key : {"****", "*"}) {
    doctor::EndpointCase endpoint = case_of(upstream);
    change(endpoint).accounts = {{.name = "default", .keys = {route::Secret(key)}}};
    examine(std::move(endpoint));
    EXPECT_EQ(level(check::kKey), Level::fail);
  }
}

TEST_F(EndpointTest, TellsOfAnAccountWithoutMoney) {
  const RawUpstream upstream(
      healthy_but("/chat/completions", json_answer(402, R"({"error":{"message":"Insufficient Balance"}})")));
  examine(case_of(upstream));
  EXPECT_EQ(level(check::kToken), Level::fail);
  EXPECT_THAT(found(check::kToken).found, HasSubstr("402, \"Insufficient Balance\""));
}

TEST_F(EndpointTest, TakesALoginPageForWhatItIs) {
  const RawUpstream upstream(
      says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"));
  examine(case_of(upstream));
  EXPECT_EQ(level(check::kAnswer), Level::fail);
  EXPECT_THAT(found(check::kAnswer).advice, HasSubstr("login page"));
  EXPECT_EQ(level(check::kKey), Level::skipped);
  for (const HeardRequest& request : upstream.heard()) {
    EXPECT_EQ(request.header("Authorization"), "(none)") << "who knows who reads it";
  }
}

TEST_F(EndpointTest, WaitsNoLongerThanItsTimeForAServerThatNeverAnswers) {
  const RawUpstream upstream([](RawSocket&, const HeardRequest&) { return true; });
  doctor::EndpointCase endpoint = case_of(upstream);
  endpoint.answer_time = 50ms;
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kConnect), Level::ok);
  EXPECT_EQ(level(check::kAnswer), Level::fail);
  EXPECT_THAT(found(check::kAnswer).found, HasSubstr("no whole answer came within"));
  for (const auto name : {check::kClock, check::kKey, check::kToken}) EXPECT_EQ(level(name), Level::skipped);
}

TEST_F(EndpointTest, TriesNoOtherKeyWhereOneWasNotAnsweredInTime) {
  const RawUpstream upstream([](RawSocket& socket, const HeardRequest& request) {
    return request.headers.get("Authorization") ? true : socket.say(healthy(request));
  });
  doctor::EndpointCase endpoint = case_of(upstream);
  change(endpoint).accounts.front().keys.emplace_back("sk-another-of-the-test");
  endpoint.answer_time = 2s;
  endpoint.token_time = 50ms;
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kKey), Level::warn);
  EXPECT_EQ(std::ranges::count(section_.findings, check::kKey, &Finding::check), 1);
  EXPECT_EQ(level(check::kToken), Level::fail);
}

TEST_F(EndpointTest, SeesAClockThatIsAnHourOff) {
  const auto there = std::chrono::floor<std::chrono::seconds>(loop_.wall_now() - 1h);
  const std::string date = http::format_date(there);
  const RawUpstream upstream(
      answers([date](const HeardRequest&) { return json_answer(401, kNoKey, "Date: " + date + "\r\n"); }));
  examine(case_of(upstream));
  EXPECT_EQ(level(check::kClock), Level::warn);
  EXPECT_THAT(found(check::kClock).found, AllOf(HasSubstr("1 h 0 min ahead of the server"), HasSubstr(date)));
}

TEST_F(EndpointTest, TriesAKeyByTheCallWhereTheListIsOpenToAll) {
  const RawUpstream upstream(answers([](const HeardRequest& request) {
    return request.target == "/models" ? json_answer(200, kModels) : healthy(request);
  }));
  examine(case_of(upstream));
  EXPECT_EQ(found(check::kKey).found, "****1234 of account default is accepted, by the call below");
  doctor::EndpointCase endpoint = case_of(upstream);
  change(endpoint).accounts = {{.name = "default", .keys = {route::Secret("sk-that-is-wrong-")}}};
  examine(std::move(endpoint));
  EXPECT_EQ(level(check::kKey), Level::skipped);
  EXPECT_EQ(level(check::kToken), Level::fail);
}

TEST_F(EndpointTest, SendsNoKeyWhereEachCallerBringsItsOwnButOneThatItWasGiven) {
  const RawUpstream upstream(answers(healthy));
  doctor::EndpointCase endpoint = case_of(upstream);
  route::UpstreamSpec& spec = change(endpoint);
  spec.pass_through_key = true;
  spec.accounts = {{.name = "default"}};
  endpoint.no_key = {.check = check::kKey, .level = Level::skipped, .found = "none was given"};
  examine(endpoint);
  EXPECT_EQ(found(check::kKey).found, "none was given");
  EXPECT_EQ(level(check::kToken), Level::skipped);
  endpoint.callers_key = route::Secret(kKey);
  examine(endpoint);
  EXPECT_EQ(level(check::kKey), Level::ok);
  EXPECT_EQ(level(check::kToken), Level::ok);
}

TEST_F(EndpointTest, AsksForNoBalanceWhereTheVendorHasNone) {
  const RawUpstream upstream(answers(healthy));
  doctor::EndpointCase endpoint = case_of(upstream);
  change(endpoint).dialect = "openai";
  examine(std::move(endpoint));
  EXPECT_EQ(found(check::kBalance).check, "none of this name");
  EXPECT_EQ(count(Level::fail), 0u);
}

TEST_F(EndpointTest, FindsABusyServerBusyAndNotBroken) {
  sim::Options options = BusyServer::calm();
  options.faults.push_back(sim::parse_directive("7").value());
  const BusyServer server(std::move(options));
  examine(case_of("http://127.0.0.1:" + std::to_string(server.port())));
  EXPECT_EQ(level(check::kModels), Level::ok);
  EXPECT_EQ(level(check::kBalance), Level::ok);
  EXPECT_EQ(level(check::kToken), Level::warn);
  EXPECT_THAT(found(check::kToken).found, HasSubstr("Service is too busy"));
}

}  // namespace
}  // namespace dujiang::testing
