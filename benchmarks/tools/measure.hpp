// What a load counts while it is measured, and the CPU time that others use meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clock.hpp"

namespace dujiang::bench {

/// The CPU time so far of these processes, all their threads together, by the scheduler's own account.
Nanoseconds cpu_time_of(const std::vector<int>& pids);

/// Counts from `begin` to `end`; what comes before is warming up and counts only where it fails.
class Measure {
 public:
  Measure(std::vector<int> watched, std::size_t expected);

  void begin();
  void end();
  bool is_running() const { return is_running_; }

  /// One good answer or event, and how long it took.
  void good(Nanoseconds took) {
    ++all_good_;
    if (is_running_) latencies_.push_back(took);
  }
  /// A bad one: why, in a word or two.
  void bad(const std::string& why);

  /// Good ones from the first on, measured or not.
  std::size_t good_so_far() const { return all_good_; }
  /// The bad ones, and why the first was.
  std::size_t bad_so_far() const { return bad_; }
  const std::string& first_bad() const { return first_bad_; }

  /// One line of JSON. `noun` names what was counted.
  std::string json(const std::string& noun) const;

 private:
  std::vector<int> watched_;
  bool is_running_ = false;
  Nanoseconds began_ = 0, took_ = 0, cpu_ = 0;
  std::vector<Nanoseconds> latencies_;
  std::size_t all_good_ = 0, bad_ = 0;
  std::string first_bad_;
};

}  // namespace dujiang::bench
