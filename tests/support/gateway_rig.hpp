// The real gateway as `dujiang serve` puts it together, on loops of its own, between real sockets.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapters/http/server.hpp"
#include "app/app.hpp"
#include "engine/settings.hpp"
#include "ports/access_log.hpp"
#include "support/chat_answer.hpp"
#include "support/http_answer.hpp"
#include "support/loop_thread.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::testing {

struct UpstreamAt {
  std::string name;
  std::uint16_t port = 0;
  std::string dialect = "deepseek";
};

// Upstreams in this order as the targets of one route "*". Every clock is patient (20 s), retries come within
// milliseconds, and there is a budget for them: a test tightens the one thing that it is about, so that a
// slow machine changes nothing.
engine::Settings settings_for(const std::vector<UpstreamAt>& upstreams);

// One caller's call to the chat API.
struct Question {
  std::string prompt = "[[sim-tokens 40]] How does a river divide?";
  bool stream = false;
  std::string more{};    // members of the body, ",\"n\":1"
  std::string fault{};   // x-sim-fault: for the upstream that the caller addresses
  std::string fields{};  // of the head, "x-dujiang-max-attempts: 1\r\n"
};

std::string to_http(const Question& question, std::string_view path = "/v1/chat/completions");
std::string post(std::string_view path, std::string_view body, std::string_view fields = {});
std::string get(std::string_view path, std::string_view fields = {});

// An answer, and how its connection ended.
struct Heard {
  HttpAnswer http;
  RawSocket::End end = RawSocket::End::open;
  ChatAnswer chat;

  int status() const { return http.status; }
};

// Hears the answer to `question` on its connection.
Heard hear_chat(RawSocket& socket, const Question& question);

class GatewayRig {
 public:
  explicit GatewayRig(engine::Settings settings, adapters::http::ServerSettings front = {},
                      std::uint32_t loops = 1);
  GatewayRig(const GatewayRig&) = delete;
  GatewayRig& operator=(const GatewayRig&) = delete;
  // Cuts what is under way and waits until the last connection is gone, so that nothing leaks unseen.
  ~GatewayRig();

  RawSocket connect(int receive_buffer = 0) const { return RawSocket(port_, receive_buffer); }

  // One call on a connection of its own, to its end.
  Heard ask(const Question& question) const;
  HttpAnswer call(std::string_view request) const;

  // The log's lines, when there are `count` of them (or after 20 s).
  std::vector<ports::AccessLine> lines(std::size_t count);

  // The page of /metrics.
  std::string metrics() const;

  // Brings other settings into force.
  void adopt(engine::Settings settings);

  // The threads on which requests have ended.
  std::size_t threads_seen() { return log_.threads_seen(); }

  LoopThread& thread() { return thread_; }
  std::uint16_t port() const { return port_; }

 private:
  class SharedLog final : public ports::AccessLog {
   public:
    void request(const ports::AccessLine& line) override;
    void notice(std::string_view /*event*/, std::string_view /*message*/) override {}
    void warning(std::string_view /*event*/, std::string_view /*message*/) override {}
    std::vector<ports::AccessLine> await(std::size_t count);
    std::size_t threads_seen();

   private:
    std::mutex mutex_;
    std::condition_variable more_;
    std::vector<ports::AccessLine> lines_;
    std::set<std::thread::id> threads_;
  };

  SharedLog log_;
  LoopThread thread_;
  config::Config config_;
  std::unique_ptr<app::App> app_;
  std::uint16_t port_ = 0;
};

}  // namespace dujiang::testing
