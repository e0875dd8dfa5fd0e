// Web pages of other origins: who may call, and what their browsers are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using ::testing::HasSubstr;

constexpr const char* kPage = "https://chat.example";

ServerSettings open_to(const std::string& origin) {
  ServerSettings settings;
  settings.cors.origins = {origin};
  return settings;
}

std::string preflight(const std::string& origin, const std::string& more = "") {
  return "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin +
         "\r\nAccess-Control-Request-Method: POST\r\n" + more + "\r\n";
}

HttpAnswer ask(TestServer& server, const std::string& request) {
  RawSocket caller = server.connect();
  caller.say(request);
  return hear_answer(caller);
}

TEST(Cors, AnswersThePreflightOfAPageThatMayCall) {
  TestServer server(always(echo), open_to(kPage));
  RawSocket caller = server.connect();
  caller.say(
      preflight(kPage, "Access-Control-Request-Headers: authorization, content-type,x-stainless-os\r\n"));
  const HttpAnswer answer = hear_answer(caller);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("access-control-allow-origin"), kPage);
  EXPECT_THAT(answer.header("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_EQ(answer.header("access-control-allow-headers"), "authorization, content-type,x-stainless-os");
  EXPECT_EQ(answer.header("access-control-max-age"), "600");
  EXPECT_EQ(answer.header("access-control-allow-private-network"), "(none)");
  EXPECT_EQ(answer.header("vary"), "origin");
  EXPECT_EQ(answer.header("content-length"), "(none)");
  caller.say(post("/v1/chat/completions", "{}", "Origin: " + std::string(kPage) + "\r\n"));
  EXPECT_EQ(hear_answer(caller).status, 200) << "the call itself, on the same connection";
}

TEST(Cors, LetsAPageReadAnswersAndRefusals) {
  ServerSettings settings = open_to(kPage);
  settings.max_body_bytes = 10;
  TestServer server(always(echo), settings);
  const std::string origin = "Origin: " + std::string(kPage) + "\r\n";
  const HttpAnswer answer = ask(server, post("/", "{}", origin));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("access-control-allow-origin"), kPage);
  EXPECT_THAT(answer.header("access-control-expose-headers"), HasSubstr("x-request-id"));
  const HttpAnswer refused = ask(server, post("/", std::string(11, ' '), origin));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.header("access-control-allow-origin"), kPage) << "or the page would see no reason";
}

TEST(Cors, SaysNothingToPagesThatAreNotListed) {
  TestServer server(always(echo), open_to(kPage));
  for (const char* origin :
       {"https://evil.example", "http://chat.example", "null", "https://chat.example:8443"}) {
    const HttpAnswer asked = ask(server, preflight(origin));
    EXPECT_EQ(asked.status, 403) << origin;
    EXPECT_EQ(asked.header("access-control-allow-origin"), "(none)") << origin;
    EXPECT_EQ(asked.header("vary"), "origin") << origin;
  }
  EXPECT_EQ(ask(server, get("/")).header("access-control-allow-origin"), "(none)")
      << "programs need no word of it";
}

TEST(Cors, MayBeOpenToAll) {
  TestServer server(always(echo), open_to("*"));
  const HttpAnswer answer = ask(server, preflight("null"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(answer.header("vary"), "(none)") << "all get the same";
}

TEST(Cors, AllowsAListedPageToReachIntoThePrivateNetwork) {
  TestServer server(always(echo), open_to(kPage));
  const HttpAnswer answer = ask(server, preflight(kPage, "Access-Control-Request-Private-Network: true\r\n"));
  EXPECT_EQ(answer.header("access-control-allow-private-network"), "true");
}

TEST(Cors, RepeatsNoFieldThatIsNoName) {
  TestServer server(always(echo), open_to(kPage));
  for (const char* fields : {"a b", "a,,b", "\"a\"", ""}) {
    const HttpAnswer answer =
        ask(server, preflight(kPage, "Access-Control-Request-Headers: " + std::string(fields) + "\r\n"));
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("access-control-allow-headers"), "(none)") << fields;
  }
}

TEST(Cors, AsksNoKeyOfAPreflightAndShowsThePageThatItsCallNeedsOne) {
  const ports::FrontHooks closed{.clear = [](const ports::CallerHead& /*head*/) {
    return ports::Clearance{.refusal =
                                ports::HeadRefusal{.status = 401, .code = "no_key", .message = "No key."}};
  }};
  TestServer server(always(echo), open_to(kPage), {}, closed);
  EXPECT_EQ(ask(server, preflight(kPage)).status, 204);
  const HttpAnswer call = ask(server, post("/", "{}", "Origin: " + std::string(kPage) + "\r\n"));
  EXPECT_EQ(call.status, 401);
  EXPECT_EQ(call.header("access-control-allow-origin"), kPage);
  EXPECT_EQ(ask(server, "OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 401) << "no page asks so";
}

TEST(Cors, IsOffByDefault) {
  TestServer server(always(echo));
  EXPECT_EQ(ask(server, preflight(kPage)).status, 403);
  const HttpAnswer own = ask(server, "OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(own.status, 200) << "any other OPTIONS is the handler's";
  EXPECT_EQ(own.header("vary"), "(none)");
}

TEST(Cors, LeavesAnOptionsWithoutAMethodToTheHandler) {
  TestServer server(always(echo), open_to(kPage));
  const HttpAnswer answer =
      ask(server, "OPTIONS /x HTTP/1.1\r\nHost: localhost\r\nOrigin: " + std::string(kPage) + "\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("OPTIONS /x"));
}

}  // namespace
}  // namespace dujiang::adapters::http
