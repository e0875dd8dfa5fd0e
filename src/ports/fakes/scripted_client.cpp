#include "ports/fakes/scripted_client.hpp"

#include <utility>

namespace dujiang::ports {
namespace {

class ScriptedExchange final : public HttpExchange {
 public:
  ScriptedExchange(runtime::Loop& loop, Script script, std::shared_ptr<SeenRequest> seen,
                   std::shared_ptr<int> open_now)
      : loop_(loop),
        script_(std::move(script)),
        seen_(std::move(seen)),
        open_now_(std::move(open_now)),
        signal_(loop) {
    ++*open_now_;
  }

  ~ScriptedExchange() override {
    --*open_now_;
    if (next_ < script_.size()) seen_->cancelled = true;
  }

  runtime::Task<HttpEvent> next(base::TimePoint until) override {
    if (next_ == 0 && due_ == base::kNever) due_ = due_from(loop_.now());
    if (next_ == script_.size()) {
      co_await signal_.wait(until);
      co_return HttpEvent{};
    }
    if (due_ > loop_.now()) {
      const bool ours = due_ <= until;
      const auto wake = co_await signal_.wait(ours ? due_ : until);
      if (wake == runtime::Wake::signalled || !ours) co_return HttpEvent{};
    }
    co_return play(script_[next_++]);
  }

  void interrupt() override { signal_.notify(); }
  int status() const override { return status_; }
  const http::Headers& headers() const override { return headers_; }
  Sent sent() const override { return sent_; }
  bool is_done_with_body() const override { return status_ != 0 && sent_ == Sent::everything; }
  std::string_view endpoint() const override { return "scripted:80"; }

 private:
  base::TimePoint due_from(base::TimePoint from) const { return base::after(from, script_[next_].after); }

  HttpEvent play(const ScriptStep& step) {
    if (next_ < script_.size()) due_ = due_from(loop_.now());
    HttpEvent event;
    event.kind = step.kind;
    event.bytes = step.bytes;
    event.failure = step.failure;
    if (step.kind == HttpEvent::Kind::head) {
      status_ = step.status;
      headers_ = step.headers;
    }
    if (step.kind == HttpEvent::Kind::failure) {
      sent_ = step.sent;
      event.detail = step.bytes;
    }
    return event;
  }

  runtime::Loop& loop_;
  Script script_;
  std::shared_ptr<SeenRequest> seen_;
  std::shared_ptr<int> open_now_;
  runtime::Signal signal_;
  std::size_t next_ = 0;
  base::TimePoint due_ = base::kNever;
  int status_ = 0;
  http::Headers headers_;
  Sent sent_ = Sent::everything;
};

}  // namespace

Script ScriptedClient::next_script(const SeenRequest& request) {
  auto& queue = scripts_[request.upstream];
  if (queue.empty()) return responder_ ? responder_(request) : Script{};
  Script script = queue.front();
  if (queue.size() > 1) queue.pop_front();
  return script;
}

std::unique_ptr<HttpExchange> ScriptedClient::open(ClientRequest request) {
  std::shared_ptr<const route::UpstreamSpec> as_configured;
  if (request.as_configured != nullptr) {
    as_configured = std::make_shared<const route::UpstreamSpec>(*request.as_configured);
  }
  auto seen = std::make_shared<SeenRequest>(
      SeenRequest{std::string(request.upstream), std::string(request.method), request.target, request.headers,
                  std::string(request.body), loop_.now(), std::move(as_configured), request.repeat_on_stale});
  seen_.push_back(seen);
  return std::make_unique<ScriptedExchange>(loop_, next_script(*seen), seen, open_now_);
}

}  // namespace dujiang::ports
