#include "provider/attempt_record.hpp"

namespace dujiang::provider {

void StreamFacts::observe(const api::StreamEvent& event) {
  any_event = true;
  if (event.error) {
    if (error.empty()) error = event.raw;
    return;
  }
  reasoning = reasoning || event.reasoning();
  content = content || event.commits();
  if (event.usage) usage = event.usage;
  for (const api::ChoiceDelta& choice : event.choices) {
    seen_.set(choice.index);
    if (choice.finish_reason.empty()) continue;
    const bool is_final = api::is_final_finish_reason(choice.finish_reason);
    if (is_final) finished_.set(choice.index);
    if (finish_reason.empty() || (!is_final && !failed_finish_)) finish_reason = choice.finish_reason;
    failed_finish_ = failed_finish_ || !is_final;
  }
}

bool StreamFacts::all_seen_finished() const { return seen_.any() && seen_ == finished_; }

bool StreamFacts::finished(std::uint32_t choices_asked) const {
  return all_seen_finished() && finished_.count() >= choices_asked;
}

}  // namespace dujiang::provider
