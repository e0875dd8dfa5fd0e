#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "component/app/fixture.hpp"

namespace dujiang::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using ServeTest = AppTest;

TEST_F(ServeTest, says_that_it_is_ready_and_where) {
  serve();
  EXPECT_THAT(ready_line_, ContainsRegex("^\\{\"time\":\"[^\"]*Z\",\"level\":\"info\",\"event\":\"ready\","));
  EXPECT_THAT(ready_line_, HasSubstr("base_url http://127.0.0.1:" + std::to_string(port_) + "/v1"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 2)
      << "configuration and port file";
}

TEST_F(ServeTest, answers_about_itself_whatever_its_upstreams_do) {
  serve();
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_EQ(get("/readyz").status, 200);
  const HttpAnswer metrics = get("/metrics");
  EXPECT_EQ(metrics.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(metrics.body, ContainsRegex("\ndujiang_connections\\{side=\"caller\"\\} [1-9]"));
  EXPECT_THAT(metrics.body,
              ContainsRegex("dujiang_build_info\\{version=\"[0-9.]+\",commit=\"[0-9a-z]+\"\\} 1\n"));
}

TEST_F(ServeTest, its_own_paths_take_get_only) {
  serve();
  RawSocket caller = connect();
  caller.say("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpAnswer answer = hear_answer(caller);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_THAT(answer.body, HasSubstr("/metrics takes GET and HEAD only."));
}

TEST_F(ServeTest, a_broken_request_is_answered_in_the_error_envelope) {
  serve();
  RawSocket caller = connect();
  caller.say("GET / HTTP/1.1\r\n\r\n");
  const HttpAnswer answer = hear_answer(caller);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_THAT(answer.body, StartsWith("{\"error\":{\"message\":\""));
  EXPECT_THAT(answer.header("x-request-id"), StartsWith("req_"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("dujiang_requests_refused_total{reason=\"bad_request\"} 1\n"));
}

TEST_F(ServeTest, every_answer_carries_the_callers_request_id) {
  serve();
  for (std::string_view first : {"GET /healthz", "GET /metrics", "PUT /readyz", "GET /nowhere",
                                 "GET /v1/embeddings", "POST /v1/embeddings"}) {
    RawSocket caller = connect();
    caller.say(std::string(first) + " HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine-1\r\n" +
               "Content-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}");
    EXPECT_EQ(hear_answer(caller).header("x-request-id"), "mine-1") << first;
  }
}

TEST_F(ServeTest, takes_as_many_descriptors_as_the_hard_limit_allows) {
  serve("", 64);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::string page = get("/metrics").body;
  const auto at = page.find("\nprocess_max_fds ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(std::stod(page.substr(at + 17)), static_cast<double>(limit.rlim_max));
}

TEST_F(ServeTest, logs_a_request_without_keys_prompt_or_answer) {
  serve();
  RawSocket caller = ask_for_stream();
  RawSocket up = upstream_.accept();
  EXPECT_THAT(up.take_until("\r\n\r\n"), HasSubstr("Bearer sk-key-of-the-gateway"));
  up.say(stream_head() + content_event("an answer that no log may hold") + end_events());
  up.close();
  EXPECT_THAT(hear_answer(caller).body, HasSubstr("data: [DONE]"));
  const std::string line = gateway_->error_line();
  EXPECT_THAT(line, HasSubstr("\"event\":\"request\""));
  EXPECT_THAT(line, HasSubstr("\"result\":\"ok\""));
  EXPECT_THAT(line, HasSubstr("\"served_by\":\"up/m\""));
  for (std::string_view secret : {"sk-key", "prompt that", "answer that"})
    EXPECT_THAT(line, Not(HasSubstr(secret)));
}

TEST_F(ServeTest, a_caller_that_leaves_in_the_middle_takes_nothing_down) {
  serve();
  RawSocket caller = ask_for_stream();
  RawSocket up = upstream_.accept();
  up.take_until("\r\n\r\n");
  up.say(stream_head() + content_event("one"));
  caller.take_until("one");
  EXPECT_THAT(get("/metrics").body, HasSubstr("dujiang_streams 1\n"));
  caller.reset();
  up.take_rest();
  EXPECT_NE(up.end(), RawSocket::End::timeout) << "the upstream hears the end of its connection";
  gateway_->error_line();  // of the request
  EXPECT_THAT(get("/metrics").body, HasSubstr("dujiang_streams 0\n"));
}

TEST_F(ServeTest, a_port_in_use_says_what_to_do_and_exits_with_1) {
  serve();
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  const Ended second = run_dujiang({.arguments = {"serve", "--listen", address}});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.error, HasSubstr(address));
  EXPECT_THAT(second.error, HasSubstr("in use"));
}

TEST_F(ServeTest, a_port_file_that_cannot_be_written_is_an_error) {
  const Ended ended = run_dujiang(
      {.arguments = {"serve", "--listen", "127.0.0.1:0", "--port-file", folder() + "/none/port"}});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.error,
            "dujiang: " + folder() + "/none/port cannot be written: No such file or directory\n");
}

TEST_F(ServeTest, without_a_file_it_serves_before_deepseek) {
  gateway_ = std::make_unique<Child>(
      DUJIANG_BINARY,
      Child::Setup{.arguments = {"serve", "--listen", "127.0.0.1:0", "--port-file", folder() + "/port"}});
  gateway_->error_line();
  std::ifstream(folder() + "/port") >> port_;
  ASSERT_NE(port_, 0);
  EXPECT_THAT(get("/v1/models/deepseek-chat").body, HasSubstr("\"id\":\"deepseek-chat\""));
}

}  // namespace
}  // namespace dujiang::testing
