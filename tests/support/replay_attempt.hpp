// An attempt replayed from the bytes of its answer, as the engine would see it: for tests of classify().
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "api/sse.hpp"
#include "api/stream_event.hpp"
#include "provider/attempt_record.hpp"
#include "provider/normalise.hpp"

namespace dujiang::testing {

// What an upstream did. `status` 0: no head came.
struct Script {
  bool stream = false;
  int status = 200;
  http::Headers headers{};
  std::string body{};
  provider::Ended ended = provider::Ended::complete;
  provider::Failure failure{};
  provider::Clock clock{};
  provider::Sent sent = provider::Sent::everything;
  std::chrono::seconds elapsed{1};
  bool committed = false;
  bool one_token = false;
  std::uint32_t choices = 1;
  std::size_t bytes_per_read = 0;  // 0: all at once
  api::Operation operation = api::Operation::chat;
};

class ReplayedAttempt {
 public:
  ReplayedAttempt(const provider::Dialect& dialect, const Script& script)
      : script_(script), normaliser_(dialect) {
    record_.operation = script.operation;
    record_.streamed = script.stream;
    record_.choices = script.choices;
    record_.one_token = script.one_token;
    record_.committed = script.committed;
    record_.ended = script.ended;
    record_.failure = script.failure;
    record_.clock = script.clock;
    record_.sent = script.sent;
    record_.elapsed = script.elapsed;
    record_.now = std::chrono::sys_days(std::chrono::year(2026) / 10 / 5) + std::chrono::hours(12);
    record_.status = script.status;
    record_.headers = script.status == 0 ? nullptr : &script_.headers;
    record_.body = script_.body;
    const bool success = script.status >= 200 && script.status <= 299;
    // The label does not count: what the body is decides the form.
    const api::BodyForm form = api::sniff_body(script_.body);
    if (success && form == api::BodyForm::sse) {
      record_.streamed = true;
      read_events();
    } else if (form != api::BodyForm::undecided) {
      record_.streamed = false;
    }
  }
  ReplayedAttempt(const ReplayedAttempt&) = delete;
  ReplayedAttempt& operator=(const ReplayedAttempt&) = delete;

  const provider::AttemptRecord& record() const { return record_; }
  const std::string& content() const { return content_; }

 private:
  void read_events() {
    api::SseDecoder decoder;
    std::string_view rest = script_.body;
    while (!rest.empty()) {
      const std::string_view piece =
          rest.substr(0, script_.bytes_per_read == 0 ? rest.size() : script_.bytes_per_read);
      rest.remove_prefix(piece.size());
      decoder.feed(piece);
      while (const auto item = decoder.next()) take(*item);
    }
    if (const auto item = decoder.end()) take(*item);
  }

  void take(const api::SseItem& item) {
    provider::StreamFacts& facts = record_.stream;
    if (over_) return;
    if (item.kind == api::SseItem::Kind::comment) {
      facts.keep_alive = true;
      return;
    }
    if (item.text == api::kDone) {
      facts.done = over_ = true;
      return;
    }
    auto event = reader_.read(item.text);
    if (event && normaliser_.concerns(**event)) event = reader_.read(normaliser_.normalise(item.text));
    if (!event) {
      facts.malformed_event = over_ = !item.unterminated;
      return;
    }
    facts.observe(**event);
    over_ = !facts.error.empty() || facts.failed_finish();
    for (const api::ChoiceDelta& choice : (*event)->choices) content_ += choice.content;
  }

  Script script_;
  provider::StreamNormaliser normaliser_;
  api::StreamEventReader reader_;
  provider::AttemptRecord record_;
  std::string content_;
  bool over_ = false;  // nothing after this is read
};

}  // namespace dujiang::testing
