// A client on a loop with the servers of a test, and exchanges as values.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/client.hpp"
#include "scripted_server.hpp"
#include "support/run.hpp"

namespace dujiang::testing {

using namespace std::chrono_literals;
using ports::HttpEvent;
using ports::IoFailure;
using ports::Sent;

// How an exchange went. `last` is `end`, `failure` or, after ten seconds without an event, `timeout`.
struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  int body_events = 0;
  HttpEvent::Kind last = HttpEvent::Kind::timeout;
  IoFailure failure{};
  std::string detail;
  Sent sent = Sent::nothing;
  std::string endpoint;
};

// What the exchange still has to say, added to `answer`.
inline runtime::Task<Answer> finish(runtime::Loop& loop, ports::HttpExchange& exchange, Answer answer = {}) {
  while (true) {
    const HttpEvent event = co_await exchange.next(loop.now() + 10s);
    answer.last = event.kind;
    answer.sent = exchange.sent();
    answer.endpoint = exchange.endpoint();
    if (event.kind == HttpEvent::Kind::head) {
      answer.status = exchange.status();
      answer.headers = exchange.headers();
    } else if (event.kind == HttpEvent::Kind::body) {
      answer.body += event.bytes;
      ++answer.body_events;
    } else {
      answer.failure = event.failure;
      answer.detail = event.detail;
      co_return answer;
    }
  }
}

inline route::UpstreamSpec upstream_of(std::vector<std::string> urls) {
  route::UpstreamSpec spec;
  spec.name = "main";
  for (std::string& url : urls) spec.endpoints.push_back({.url = std::move(url)});
  return spec;
}

inline std::string answer_of(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) +
         "\r\n" + std::string(body);
}

class ClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<adapters::http::Client> client_for(route::UpstreamSpec spec) {
    std::vector<route::UpstreamSpec> specs;
    specs.push_back(std::move(spec));
    return adapters::http::Client::make(loop_, std::move(specs)).value();
  }
  std::unique_ptr<adapters::http::Client> client_for(const ScriptedServer& server) {
    return client_for(upstream_of({server.url()}));
  }

  static ports::ClientRequest post(std::string_view body = "{}", std::string target = "/chat") {
    return {.upstream = "main", .method = "POST", .target = std::move(target), .headers = {}, .body = body};
  }

  Answer fetch(adapters::http::Client& client, ports::ClientRequest request) {
    const auto exchange = client.open(std::move(request));
    return run(loop_, finish(loop_, *exchange));
  }
  Answer fetch(adapters::http::Client& client) { return fetch(client, post()); }

  // Lets everything run that is ready, until `done` or ten seconds.
  template <class Done>
  void run_until(Done done) {
    const auto end = loop_.now() + 10s;
    while (!done() && loop_.now() < end) run(loop_, runtime::sleep_until(loop_, loop_.now()));
    EXPECT_TRUE(done());
  }

  runtime::EpollLoop loop_{1};
};

}  // namespace dujiang::testing
