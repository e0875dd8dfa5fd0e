// An HttpServer on a loop of its own, and handlers that show to a test what the front hands them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/server.hpp"
#include "support/http_answer.hpp"
#include "support/loop_thread.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::adapters::http {

using dujiang::http::Headers;
using testing::hear_answer;
using testing::HttpAnswer;
using testing::RawSocket;

inline ErrorBody plain_page(int status, std::string_view code, std::string_view message) {
  return {.body = std::to_string(status) + " " + std::string(code) + ": " + std::string(message),
          .content_type = "text/plain"};
}

class TestServer {
 public:
  using MakeHandler = std::function<ports::Handler(runtime::EpollLoop&)>;

  explicit TestServer(const MakeHandler& make, ServerSettings settings = {}, Door door = {},
                      ports::FrontHooks hooks = {}) {
    address_ = thread_.call([&] {
      server_ = std::make_unique<HttpServer>(thread_.loop(), std::move(settings), make(thread_.loop()),
                                             plain_page, std::move(hooks));
      auto bound = server_->listen(net::SocketAddress::parse("127.0.0.1:0").value(), std::move(door));
      return bound.value();
    });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  // Waits until the last connection is gone, so that nothing leaks unseen.
  ~TestServer() {
    thread_.call([this] {
      server_->stop_accepting();
      server_->close_all();
    });
    await_drained();
    thread_.call([this] { server_.reset(); });
  }

  RawSocket connect(int receive_buffer = 0) const { return RawSocket(address_.port(), receive_buffer); }
  std::uint16_t port() const { return address_.port(); }
  ServerCounts counts() {
    return thread_.call([this] { return server_->counts(); });
  }
  std::uint64_t refused(RefusalReason reason) { return counts().refused[static_cast<std::size_t>(reason)]; }
  // Calls it with the server, on its loop.
  void use(const std::function<void(HttpServer&)>& what) {
    thread_.call([&] { what(*server_); });
  }
  void stop_accepting() {
    thread_.call([this] { server_->stop_accepting(); });
  }
  void close_all() {
    thread_.call([this] { server_->close_all(); });
  }
  bool await_drained() {
    return thread_.await<bool>(
        [this] { return server_->drained(base::after(thread_.loop().now(), std::chrono::seconds(20))); });
  }
  testing::LoopThread& thread() { return thread_; }

 private:
  testing::LoopThread thread_;
  std::unique_ptr<HttpServer> server_;
  net::SocketAddress address_;
};

// A place where a handler on the loop's thread and the test meet.
class Meeting {
 public:
  void arrive() { arrived_.set_value(); }
  // Whether arrive() is called in time.
  bool wait() { return future_.wait_for(std::chrono::seconds(20)) == std::future_status::ready; }
  bool has_come() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

 private:
  std::promise<void> arrived_;
  std::future<void> future_ = arrived_.get_future();
};

// Answers with method, path, query and body of the request, its length known.
inline runtime::Task<void> echo(const ports::CallerRequest& request, ports::CallerReply& reply) {
  std::string body = std::string(request.method) + " " + std::string(request.path) + "?" +
                     std::string(request.query) + "\n" + std::string(request.body);
  // Reads the padding, as a JSON parser does: a sanitizer sees where it is missing.
  volatile char sum = 0;
  for (int i = 0; i < 64; ++i)
    sum = static_cast<char>(sum + request.body.data()[request.body.size() + static_cast<std::size_t>(i)]);
  reply.start(200, {{"content-type", "text/plain"}}, body.size());
  co_await reply.write(body);
  co_await reply.finish();
}

inline TestServer::MakeHandler always(const ports::Handler& handler) {
  return [handler](runtime::EpollLoop&) { return handler; };
}

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

inline std::string post(const std::string& target, const std::string& body, const std::string& fields = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string chunked_head(const std::string& target) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
         "chunked\r\n\r\n";
}

}  // namespace dujiang::adapters::http
