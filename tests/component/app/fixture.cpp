#include "component/app/fixture.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace dujiang::testing {

Upstream::Upstream() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{.tv_sec = RawSocket::kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (bind(fd_, address, size) != 0 || listen(fd_, 16) != 0 || getsockname(fd_, address, &size) != 0) {
    throw std::runtime_error("no loopback port to listen on");
  }
  port_ = ntohs(at.sin_port);
}

Upstream::~Upstream() { close(fd_); }

RawSocket Upstream::accept() const {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) throw std::runtime_error("nobody called the upstream");
  const timeval patience{.tv_sec = RawSocket::kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return RawSocket(RawSocket::Adopt{fd});
}

std::string stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
}

std::string content_event(const std::string& text) {
  return R"(data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)"
         R"({"role":"assistant","content":")" +
         text + R"("},"finish_reason":null}]})" + "\n\n";
}

std::string end_events() {
  return R"(data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},)"
         R"("finish_reason":"stop"}]})"
         "\n\ndata: [DONE]\n\n";
}

AppTest::AppTest() : folder_(::testing::TempDir() + "app-test-XXXXXX") {
  if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp");
}

AppTest::~AppTest() { std::filesystem::remove_all(folder_); }

std::string AppTest::write_file(const std::string& name, const std::string& content) const {
  std::string path = folder_ + "/" + name;
  std::ofstream(path) << content;
  return path;
}

void AppTest::serve(const std::string& more, unsigned descriptors) {
  const std::string config =
      write_file("gateway.yaml", more +
                                     "version: 1\n"
                                     "upstreams:\n"
                                     "  - name: up\n"
                                     "    base_url: http://127.0.0.1:" +
                                     std::to_string(upstream_.port()) +
                                     "\n"
                                     "    api_key: sk-key-of-the-gateway\n"
                                     "routes:\n"
                                     "  - {name: all, match: \"*\", targets: [{upstream: up}]}\n");
  gateway_ = std::make_unique<Child>(
      DUJIANG_BINARY, Child::Setup{.arguments = {"serve", "--config", config, "--listen", "127.0.0.1:0",
                                                 "--port-file", folder_ + "/port"},
                                   .descriptors = descriptors});
  ready_line_ = gateway_->error_line();
  std::ifstream(folder_ + "/port") >> port_;
  ASSERT_NE(port_, 0) << ready_line_ << gateway_->rest_of_error();
}

RawSocket AppTest::ask_for_stream() const {
  RawSocket caller = connect();
  const std::string body =
      R"({"model":"m","stream":true,"messages":[{"role":"user","content":"a prompt that no log may hold"}]})";
  caller.say(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer sk-key-of-the-caller\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  return caller;
}

HttpAnswer AppTest::get(const std::string& path) const {
  RawSocket caller = connect();
  caller.say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return hear_answer(caller);
}

Ended run_dujiang(const Child::Setup& setup) {
  Child child(DUJIANG_BINARY, setup);
  Ended ended;
  ended.output = child.rest_of_output();
  ended.error = child.rest_of_error();
  ended.status = child.wait();
  return ended;
}

}  // namespace dujiang::testing
