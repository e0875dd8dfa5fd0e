// An HttpClient whose upstreams act by script, in the loop's own time: for tests under virtual time.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/http_client.hpp"
#include "runtime/loop.hpp"

namespace dujiang::ports {

// One thing that an upstream does, `after` the one before it.
struct ScriptStep {
  base::Duration after{};
  HttpEvent::Kind kind = HttpEvent::Kind::body;
  std::string bytes;  // of a body step; the detail of a failure
  int status = 200;   // of a head step
  http::Headers headers;
  IoFailure failure{};
  Sent sent = Sent::everything;  // of a failure step
};

using Script = std::vector<ScriptStep>;

// What an attempt looked like when it arrived.
struct SeenRequest {
  std::string upstream;
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;
  base::TimePoint at;
  std::shared_ptr<const route::UpstreamSpec> as_configured;  // a copy; null where it was left open
  bool repeat_on_stale = true;
  bool cancelled = false;  // destroyed before its script had ended
};

class ScriptedClient final : public HttpClient {
 public:
  explicit ScriptedClient(runtime::Loop& loop) : loop_(loop) {}

  // What the next attempt at `upstream` meets; scripts are used in the order given, the last one for ever.
  void expect(const std::string& upstream, Script script) { scripts_[upstream].push_back(std::move(script)); }

  // Decides by request instead; asked when no script was given for that upstream.
  void answer_with(std::function<Script(const SeenRequest&)> responder) { responder_ = std::move(responder); }

  std::unique_ptr<HttpExchange> open(ClientRequest request) override;

  const std::vector<std::shared_ptr<SeenRequest>>& seen() const { return seen_; }
  int open_now() const { return *open_now_; }

 private:
  Script next_script(const SeenRequest& request);

  runtime::Loop& loop_;
  std::map<std::string, std::deque<Script>> scripts_;
  std::function<Script(const SeenRequest&)> responder_;
  std::vector<std::shared_ptr<SeenRequest>> seen_;
  std::shared_ptr<int> open_now_ = std::make_shared<int>(0);
};

}  // namespace dujiang::ports
