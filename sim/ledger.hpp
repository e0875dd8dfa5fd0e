// The simulator's own account of what it did: totals, and one entry per finished attempt.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sim/fault.hpp"

namespace dujiang::sim {

enum class Outcome : std::uint8_t {
  done,     // a whole answer
  refused,  // an error status
  reset,    // we broke the connection
  stalled,  // we fell silent until the caller left, or closed on him
  cut,  // we ended properly what is no whole answer: blank, without [DONE], insufficient_system_resource, …
  cancelled,  // the caller left while we were at work
};

std::string_view to_string(Outcome outcome);

struct AttemptEntry {
  std::uint64_t prompt = 0;   // fnv1a64 of its bytes
  std::uint64_t attempt = 0;  // the how-manieth with that prompt, from 1
  int status = 0;             // 0: no head was sent
  Fault fault = Fault::none;
  std::size_t content_tokens = 0;  // sent
  Outcome outcome = Outcome::done;
  bool stream = false;
};

class Ledger {
 public:
  // An attempt arrived; returns which of its prompt's it is.
  std::uint64_t arrived(std::uint64_t prompt);
  // It takes a slot, whatever becomes of it.
  void accepted();
  void fault_shown(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }
  // `generated`: tokens of thought and content, sent or not.
  void finished(const AttemptEntry& entry, bool holds_slot, std::size_t generated);

  // Whether a directive that is shown `times` times with one prompt has one left; counts it. `which` tells
  // directives of one prompt apart.
  bool take_turn(std::uint64_t prompt, std::uint64_t which, unsigned times);

  unsigned slots_held() const { return slots_held_; }

  // Members of a JSON object, without its braces.
  std::string stats_members() const;
  // JSON lines of the entries after the `since`-th.
  std::string log_after(std::uint64_t since) const;

  // Forgets all but the slots that are held now.
  void clear();

 private:
  // Counts by key, the oldest forgotten beyond a bound.
  class Counts {
   public:
    std::uint64_t& of(std::uint64_t key);
    void clear();

   private:
    std::unordered_map<std::uint64_t, std::uint64_t> counts_;
    std::deque<std::uint64_t> order_;
  };

  static constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::whitespace) + 1;
  static constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::cancelled) + 1;

  Counts prompts_;
  Counts turns_;
  std::deque<AttemptEntry> log_;
  std::uint64_t first_in_log_ = 1;
  std::uint64_t attempts_ = 0;
  std::uint64_t accepted_ = 0;
  std::array<std::uint64_t, kFaults> faults_{};
  std::array<std::uint64_t, kOutcomes> outcomes_{};
  std::uint64_t generated_ = 0;
  std::uint64_t delivered_ = 0;
  unsigned slots_held_ = 0;
  unsigned slots_held_max_ = 0;
};

}  // namespace dujiang::sim
