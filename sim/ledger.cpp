#include "sim/ledger.hpp"

#include <algorithm>

#include "sim/draws.hpp"
#include "sim/json_text.hpp"

namespace dujiang::sim {
namespace {

constexpr std::size_t kMostKeys = 200'000;
constexpr std::size_t kMostEntries = 200'000;

std::string member(std::string_view name, std::uint64_t value) {
  return quoted(name) + ":" + std::to_string(value);
}

std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(16, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, value >>= 4) *digit = kDigits[value & 15];
  return out;
}

std::string line(std::uint64_t number, const AttemptEntry& entry) {
  const std::string fault = entry.fault == Fault::none ? "null" : quoted(info(entry.fault).id);
  return "{" + member("n", number) + R"(,"prompt":")" + hex(entry.prompt) + R"(",)" +
         member("attempt", entry.attempt) + ',' + member("status", static_cast<std::uint64_t>(entry.status)) +
         R"(,"fault":)" + fault + ',' + member("content_tokens", entry.content_tokens) + R"(,"outcome":")" +
         std::string(to_string(entry.outcome)) + R"(","stream":)" + (entry.stream ? "true" : "false") + "}\n";
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  constexpr std::string_view kNames[] = {"done", "refused", "reset", "stalled", "cut", "cancelled"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::uint64_t& Ledger::Counts::of(std::uint64_t key) {
  const auto [entry, is_new] = counts_.try_emplace(key, 0);
  if (is_new) {
    order_.push_back(key);
    if (order_.size() > kMostKeys) {
      counts_.erase(order_.front());
      order_.pop_front();
    }
  }
  return entry->second;
}

void Ledger::Counts::clear() {
  counts_.clear();
  order_.clear();
}

std::uint64_t Ledger::arrived(std::uint64_t prompt) {
  ++attempts_;
  return ++prompts_.of(prompt);
}

void Ledger::accepted() {
  ++accepted_;
  ++slots_held_;
  slots_held_max_ = std::max(slots_held_max_, slots_held_);
}

void Ledger::finished(const AttemptEntry& entry, bool holds_slot, std::size_t generated) {
  if (holds_slot) --slots_held_;
  ++outcomes_[static_cast<std::size_t>(entry.outcome)];
  generated_ += generated;
  if (entry.outcome == Outcome::done) delivered_ += generated;
  log_.push_back(entry);
  if (log_.size() > kMostEntries) {
    log_.pop_front();
    ++first_in_log_;
  }
}

bool Ledger::take_turn(std::uint64_t prompt, std::uint64_t which, unsigned times) {
  std::uint64_t& shown = turns_.of(mix(prompt ^ mix(which)));
  if (shown >= times) return false;
  ++shown;
  return true;
}

std::string Ledger::stats_members() const {
  std::string out = member("attempts", attempts_) + ',' + member("accepted", accepted_);
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    out += ',' + member(to_string(static_cast<Outcome>(i)), outcomes_[i]);
  }
  out += ',' + member("slots_held_now", slots_held_) + ',' + member("slots_held_max", slots_held_max_) + ',' +
         member("tokens_generated", generated_) + ',' + member("tokens_delivered", delivered_) +
         R"(,"faults":{)";
  std::string faults;
  for (std::size_t i = 1; i < kFaults; ++i) {
    if (faults_[i] == 0) continue;
    faults += (faults.empty() ? "" : ",") + member(info(static_cast<Fault>(i)).id, faults_[i]);
  }
  return out + faults + '}';
}

std::string Ledger::log_after(std::uint64_t since) const {
  std::string out;
  const std::uint64_t from = since < first_in_log_ ? 0 : since - first_in_log_ + 1;
  for (std::uint64_t i = from; i < log_.size(); ++i) out += line(first_in_log_ + i, log_[i]);
  return out;
}

void Ledger::clear() {
  const unsigned held = slots_held_;
  *this = Ledger();
  slots_held_ = slots_held_max_ = held;
}

}  // namespace dujiang::sim
