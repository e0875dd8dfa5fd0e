#include "doctor/ask.hpp"

#include <string_view>
#include <utility>

#include "api/openai/wire_format.hpp"
#include "engine/answer.hpp"
#include "engine/attempt.hpp"
#include "engine/caller.hpp"
#include "engine/delivery.hpp"
#include "engine/forwarding.hpp"
#include "policy/clocks.hpp"
#include "policy/waiting_caller.hpp"
#include "ports/http_server.hpp"
#include "provider/classify.hpp"

namespace dujiang::doctor {
namespace {

using diagnosis::AnswerSeen;
using provider::Ended;

constexpr std::size_t kMostBytes = std::size_t{4} << 20;

// Nobody waits for the answer but this program.
class NoReply final : public ports::CallerReply {
 public:
  void start(int /*status*/, const http::Headers& /*headers*/,
             std::optional<std::uint64_t> /*length*/) override {}
  runtime::Task<bool> write(std::string_view /*bytes*/) override { co_return true; }
  runtime::Task<bool> finish() override { co_return true; }
  void abort() override {}
  bool started() const override { return false; }
  std::uint64_t bytes_written() const override { return 0; }
};

// Remembers which model the answer names.
class Witness final : public engine::Delivery {
 public:
  void begin(const engine::Provenance& /*provenance*/) override {}
  bool take(const api::StreamEvent& event) override {
    if (model_.empty()) model_ = event.model;
    return true;
  }
  runtime::Task<void> flush() override { co_return; }
  runtime::Task<void> finish(std::optional<std::string> /*whole*/) override { co_return; }
  bool committed() const override { return false; }

  const std::string& model() const { return model_; }

 private:
  std::string model_;
};

// Some vendors say a key back to who shows it.
std::string without(std::string text, const route::Secret& key) {
  if (key.empty()) return text;
  const std::string mask = key.masked();
  for (std::size_t at = 0; (at = text.find(key.reveal(), at)) != std::string::npos; at += mask.size()) {
    text.replace(at, key.reveal().size(), mask);
  }
  return text;
}

engine::AttemptRequest request_of(const engine::Setup& setup, const Question& question) {
  const bool calls = api::generates(question.operation);
  engine::AttemptRequest request{
      .setup = setup,
      .method = calls ? "POST" : "GET",
      .target = provider::target_path(*setup.dialect, question.operation, "").value_or("/"),
      .headers = engine::upstream_headers({{"Accept", "application/json, text/event-stream"}},
                                          engine::Vendor::addressed, {}),
      .body = question.body,
      .operation = question.operation,
      .streamed = calls,
      .one_token = calls,
      .max_body = kMostBytes,
  };
  engine::add_credentials(request.headers, *setup.spec, question.key.reveal(), {});
  if (calls) request.headers.add("Content-Type", "application/json");
  return request;
}

// The gateway's clocks, but that nothing is waited for any longer than `patience`.
policy::AttemptClocks clocks_of(const Question& question, base::TimePoint now) {
  using Clocks = policy::AttemptClocks;
  const auto form = api::generates(question.operation) ? Clocks::Form::streamed : Clocks::Form::unstreamed;
  return {{}, form, Clocks::Elsewhere::alone, now, base::after(now, question.patience)};
}

AnswerSeen answer_of(const provider::AttemptRecord& record, const std::string& detail,
                     const route::Secret& key) {
  AnswerSeen seen{.status = record.status,
                  .body = without(std::string(record.body), key),
                  .took = record.elapsed,
                  .at = record.now};
  if (record.headers != nullptr) seen.headers = *record.headers;
  if (record.ended == Ended::clock) seen.trouble = AnswerSeen::Trouble::timed_out;
  if (record.ended == Ended::failure || record.ended == Ended::too_large) {
    seen.trouble = AnswerSeen::Trouble::broken;
    seen.failure = record.ended == Ended::failure ? without(detail, key) : "the answer does not end";
  }
  return seen;
}

runtime::Task<bool> stay() { co_return false; }

}  // namespace

runtime::Task<Heard> ask(runtime::Loop& loop, ports::HttpClient& client, engine::Setup setup,
                         Question question) {
  NoReply reply;
  engine::Answer answer(reply, api::openai::wire_format(), "doctor", true);
  engine::Caller caller(loop, answer, policy::WaitingCaller(loop.now(), std::nullopt), {});
  Witness witness;
  engine::Attempt attempt(loop, client, request_of(setup, question), clocks_of(question, loop.now()), stay);
  co_await attempt.run(caller, witness);
  const provider::AttemptRecord& record = attempt.record();
  Heard heard{.answer = answer_of(record, attempt.detail(), question.key)};
  if (!api::generates(question.operation)) co_return heard;
  heard.code = provider::classify(*setup.dialect, record).code;
  const std::string_view error = record.stream.error.empty() ? record.body : record.stream.error;
  heard.words = without(provider::read_error(*setup.dialect, record.status, error).message, question.key);
  if (heard.words.empty()) heard.words = heard.answer.failure;
  heard.model = without(witness.model(), question.key);
  if (const auto first = attempt.first_token()) heard.first_token = *first - attempt.started();
  heard.kept_alive = record.stream.keep_alive;
  co_return heard;
}

}  // namespace dujiang::doctor
