// The whole engine in simulated time: a gateway between scripted upstreams and recorded replies.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/gateway.hpp"
#include "ports/access_log.hpp"
#include "ports/fakes/recorded_reply.hpp"
#include "ports/fakes/scripted_client.hpp"
#include "ports/metric_catalog.hpp"
#include "runtime/virtual_loop.hpp"

namespace dujiang::testing {

using namespace std::chrono_literals;

class CountingMetrics final : public ports::Metrics {
 public:
  void add(ports::Metric counter, Labels labels, double amount) override {
    sums_[key(counter, labels)] += amount;
  }
  void set(ports::Metric gauge, Labels labels, double value) override { sums_[key(gauge, labels)] = value; }
  void observe(ports::Metric histogram, Labels labels, double /*value*/) override {
    ++sums_[key(histogram, labels)];
  }

  bool has(ports::Metric metric, Labels labels) const { return sums_.contains(key(metric, labels)); }

  // What a series came to, e.g. value(Metric::attempts, {"main", "m", "busy"}).
  double value(ports::Metric metric, Labels labels) const {
    const auto it = sums_.find(key(metric, labels));
    return it == sums_.end() ? 0 : it->second;
  }

 private:
  static std::string key(ports::Metric metric, Labels labels) {
    std::string text = std::to_string(static_cast<int>(metric));
    for (const std::string_view label : labels) text += "|" + std::string(label);
    return text;
  }
  std::map<std::string, double> sums_;
};

class KeptLog final : public ports::AccessLog {
 public:
  void request(const ports::AccessLine& line) override { lines.push_back(line); }
  void notice(std::string_view /*event*/, std::string_view message) override { notes.emplace_back(message); }
  void warning(std::string_view /*event*/, std::string_view message) override { notes.emplace_back(message); }

  std::vector<ports::AccessLine> lines;
  std::vector<std::string> notes;
};

// One caller with its request and what it got.
struct RigCall {
  explicit RigCall(runtime::Loop& loop) : reply(loop) {}

  http::Headers headers;
  std::string body;
  std::string path;
  std::string method;
  std::shared_ptr<const policy::CallerKey> key;
  std::stop_source hang_up_source;
  ports::RecordedReply reply;
  bool done = false;

  void hang_up() {
    reply.hang_up();
    hang_up_source.request_stop();
  }
};

// Hands a call to the gateway on `loop` and waits for its end. Both outlive the task.
inline runtime::Task<void> see_through(runtime::Loop& loop, engine::Gateway& gateway,
                                       std::shared_ptr<RigCall> call) {
  const ports::CallerRequest request{.method = call->method,
                                     .path = call->path,
                                     .query = {},
                                     .headers = call->headers,
                                     .body = call->body,
                                     .peer = "127.0.0.1:1",
                                     .received = loop.now(),
                                     .gone = call->hang_up_source.get_token(),
                                     .key = call->key};
  co_await gateway.handle(request, call->reply);
  call->done = true;
}

class EngineRig {
 public:
  explicit EngineRig(engine::Settings settings, std::uint64_t seed = 1)
      : loop(seed),
        client(loop),
        upstreams({{.loop = loop, .metrics = metrics}}),
        commons(settings.retry_memory_bytes),
        gateway(loop, client, metrics, log, commons) {
    adopt(std::move(settings));
  }

  EngineRig(const EngineRig&) = delete;
  EngineRig& operator=(const EngineRig&) = delete;
  // Calls under way refer to the members: they end first.
  ~EngineRig() { loop.run(); }

  // Brings other settings into force.
  void adopt(engine::Settings settings) {
    commons.memory.set_limit(settings.retry_memory_bytes);
    gateway.adopt(*upstreams.make_plan(std::make_shared<const engine::Settings>(std::move(settings))));
  }

  // Begins a call; run the loop to see it through.
  std::shared_ptr<RigCall> begin(std::string body, http::Headers headers = {},
                                 std::string path = "/v1/chat/completions", std::string method = "POST") {
    auto call = std::make_shared<RigCall>(loop);
    call->body = std::move(body);
    call->headers = std::move(headers);
    call->path = std::move(path);
    call->method = std::move(method);
    call->key = key;
    loop.spawn(see_through(loop, gateway, call));
    return call;
  }

  // Begins a call and runs it to its end.
  std::shared_ptr<RigCall> call(std::string body, http::Headers headers = {},
                                std::string path = "/v1/chat/completions", std::string method = "POST") {
    auto begun = begin(std::move(body), std::move(headers), std::move(path), std::move(method));
    loop.run();
    return begun;
  }

  runtime::VirtualLoop loop;
  ports::ScriptedClient client;
  CountingMetrics metrics;
  KeptLog log;
  engine::Upstreams upstreams;
  engine::Commons commons;
  engine::Gateway gateway;
  std::shared_ptr<const policy::CallerKey>
      key;  // of the callers that begin from now on; null: they need none
};

// Upstreams of one dialect, one after the other as the targets of one route `*`, or of the model "m".
inline engine::Settings settings_of(const std::vector<std::string>& upstreams,
                                    std::string_view dialect = "deepseek") {
  engine::Settings settings;
  route::RouteSpec route;
  route.name = "main";
  route.match = "*";
  for (const std::string& name : upstreams) {
    route::UpstreamSpec spec;
    spec.name = name;
    spec.dialect = std::string(dialect);
    spec.endpoints.push_back({.url = "http://127.0.0.1:1"});
    spec.accounts.push_back({.name = "a", .keys = {route::Secret("sk-of-" + name)}, .max_concurrent = {}});
    settings.upstreams.push_back(std::move(spec));
    route::Target target;
    target.upstream = name;
    route.targets.push_back(std::move(target));
  }
  settings.routes.push_back(std::move(route));
  return settings;
}

// Steps of scripts.
using Kind = ports::HttpEvent::Kind;

inline ports::ScriptStep head(int status, std::string type = "text/event-stream", base::Duration after = {}) {
  return {.after = after,
          .kind = Kind::head,
          .bytes = {},
          .status = status,
          .headers = {{"Content-Type", std::move(type)}}};
}
inline ports::ScriptStep bytes(std::string text, base::Duration after = {}) {
  return {.after = after, .kind = Kind::body, .bytes = std::move(text), .headers = {}};
}
inline ports::ScriptStep event(std::string json, base::Duration after = {}) {
  return bytes("data: " + std::move(json) + "\n\n", after);
}
inline ports::ScriptStep end(base::Duration after = {}) {
  return {.after = after, .kind = Kind::end, .bytes = {}, .headers = {}};
}
inline ports::ScriptStep failure(ports::IoFailure what, base::Duration after = {},
                                 ports::Sent sent = ports::Sent::everything) {
  return {.after = after, .kind = Kind::failure, .bytes = {}, .headers = {}, .failure = what, .sent = sent};
}

// Chunks of one streamed answer.
inline std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         std::string(delta) + R"(,"finish_reason":)" + std::string(finish) + "}]}";
}
inline std::string content(std::string_view text) {
  return chunk(R"({"content":")" + std::string(text) + R"("})");
}
inline std::string thought(std::string_view text) {
  return chunk(R"({"reasoning_content":")" + std::string(text) + R"("})");
}
inline std::string role() { return chunk(R"({"role":"assistant","content":""})"); }
inline std::string stop() { return chunk("{}", R"("stop")"); }

inline ports::Script refusal(int status, std::string body) {
  return {head(status, "application/json", 50ms), bytes(std::move(body)), end()};
}
inline ports::Script busy() {
  return refusal(
      503,
      R"({"error":{"message":"Service is too busy. We advise users to temporarily switch to alternative )"
      R"(LLM API service providers.","type":"service_unavailable_error","param":null,)"
      R"("code":"service_unavailable_error"}})");
}
// "Hello world" in two pieces, whole.
inline ports::Script hello() {
  return {head(200, "text/event-stream", 100ms),
          event(role(), 300ms),
          event(content("Hello "), 50ms),
          event(content("world"), 50ms),
          event(stop(), 20ms),
          bytes("data: [DONE]\n\n"),
          end()};
}

inline std::string ask(bool stream, std::string_view more = "") {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":)" +
         std::string(stream ? "true" : "false") + std::string(more) + "}";
}

}  // namespace dujiang::testing
