#include "measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace dujiang::bench {

Nanoseconds cpu_time_of(const std::vector<int>& pids) {
  Nanoseconds sum = 0;
  for (const int pid : pids) {
    for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
      Nanoseconds on_cpu = 0;
      std::ifstream(thread.path() / "schedstat") >> on_cpu;
      sum += on_cpu;
    }
  }
  return sum;
}

Measure::Measure(std::vector<int> watched, std::size_t expected) : watched_(std::move(watched)) {
  latencies_.reserve(expected);
}

void Measure::begin() {
  is_running_ = true;
  cpu_ = cpu_time_of(watched_);
  began_ = now();
}

void Measure::end() {
  is_running_ = false;
  took_ = now() - began_;
  cpu_ = cpu_time_of(watched_) - cpu_;
}

void Measure::bad(const std::string& why) {
  if (bad_++ == 0) first_bad_ = why;
}

std::string Measure::json(const std::string& noun) const {
  std::vector<Nanoseconds> sorted = latencies_;
  std::ranges::sort(sorted);
  const auto microseconds_at = [&](double share) {
    if (sorted.empty()) return 0.0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]) / 1e3;
  };
  return fmt::format(
      R"({{"{}":{},"with_warm_up":{},"seconds":{:.6f},"cpu_seconds":{:.9f},"p50_us":{:.2f},"p90_us":{:.2f},"p99_us":{:.2f},)"
      R"("max_us":{:.2f},"bad":{},"first_bad":"{}"}})",
      noun, sorted.size(), all_good_, static_cast<double>(took_) / 1e9, static_cast<double>(cpu_) / 1e9,
      microseconds_at(0.5), microseconds_at(0.9), microseconds_at(0.99), microseconds_at(1.0), bad_,
      first_bad_);
}

}  // namespace dujiang::bench
