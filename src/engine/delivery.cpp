#include "engine/delivery.hpp"

#include <algorithm>
#include <utility>

#include "api/single_chunk.hpp"
#include "base/ascii.hpp"

namespace dujiang::engine {
namespace {

// What is held beyond this is shown as it comes: memory per stream is bounded.
constexpr std::size_t kMaxHeld = 1u << 20;

// Whitespace alone is no content to commit to: a model that goes on with it for ever can still be given up.
bool brings_content(const api::StreamEvent& event) {
  return std::ranges::any_of(event.choices, [](const api::ChoiceDelta& choice) {
    return choice.tool_call || choice.refusal || !base::is_blank(choice.content);
  });
}

// Whitespace too: once it is with the caller, another attempt's answer can't follow it.
bool has_content(const api::StreamEvent& event) {
  return std::ranges::any_of(event.choices, [](const api::ChoiceDelta& choice) {
    return choice.tool_call || choice.refusal || !choice.content.empty();
  });
}

}  // namespace

void Relay::begin(const Provenance& provenance) {
  held_.clear();
  held_content_ = false;
  ready_.clear();
  provenance_ = provenance;
  if (!shown_) {
    answer_.set_provenance(provenance);
    return;
  }
  seam_due_ = true;
  encoder_->set_identity(identity_);
}

void Relay::adopt_identity(const api::StreamEvent& event) {
  if (shown_ || event.id.empty()) return;
  identity_.id = std::string(event.id);
  identity_.created = event.created;
}

void Relay::commit() {
  if (!std::exchange(committed_, true)) on_commit_();
}

bool Relay::take(const api::StreamEvent& event) {
  encoder_->append(held_, event);
  held_content_ = held_content_ || has_content(event);
  if (brings_content(event)) commit();
  const bool show_thinking = event.reasoning() && thinking_ == route::Thinking::live;
  if (committed_ || show_thinking || held_.size() > kMaxHeld) {
    adopt_identity(event);
    release_held();
  }
  return true;
}

void Relay::release_held() {
  if (std::exchange(held_content_, false)) commit();
  if (std::exchange(seam_due_, false)) {
    format_.append_comment(ready_, "dujiang seam: attempt " + std::to_string(provenance_.attempts) + " by " +
                                       provenance_.served_by + " begins anew");
  }
  if (ready_.empty()) {
    ready_.swap(held_);
  } else {
    ready_ += held_;
    held_.clear();
  }
  shown_ = true;
}

runtime::Task<void> Relay::flush() {
  if (ready_.empty()) co_return;
  const std::string bytes = std::exchange(ready_, {});
  caller_.written(co_await answer_.stream_bytes(bytes));
}

runtime::Task<void> Relay::finish(std::optional<std::string> whole) {
  if (whole) {
    api::StreamEventReader reader;
    const std::string chunk = api::single_chunk(*whole);
    if (const auto event = reader.read(chunk)) take(**event);
  }
  release_held();
  co_await flush();
  if (caller_.gone()) co_return;
  std::string end;
  encoder_->append_end(end);
  caller_.written(co_await answer_.end_stream(end));
}

runtime::Task<void> Collector::finish(std::optional<std::string> whole) {
  const std::string body = whole ? std::move(*whole) : assembler().whole();
  caller_.written(co_await answer_.whole(body));
}

}  // namespace dujiang::engine
