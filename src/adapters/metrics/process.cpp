#include "adapters/metrics/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "ports/metric_catalog.hpp"

namespace dujiang::adapters::metrics {
namespace {

using ports::Metric;

// The fields of /proc/self/stat after the name, which may itself hold spaces and brackets; the first is
// field 3.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos) return {};
  std::istringstream rest(line.substr(bracket + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  return fields;
}

// Unix time of the machine's start, from the `btime` line of /proc/stat; 0 when there is none.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

void measure_stat(ports::Metrics& metrics) {
  // Numbers of the fields in proc(5), less the two before the bracket and one since indices begin at 0.
  constexpr std::size_t kUserTicks = 14 - 3;
  constexpr std::size_t kSystemTicks = 15 - 3;
  constexpr std::size_t kStartTicks = 22 - 3;
  constexpr std::size_t kVirtualBytes = 23 - 3;
  constexpr std::size_t kResidentPages = 24 - 3;
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() <= kResidentPages) return;

  const auto number = [&](std::size_t index) { return std::strtod(fields[index].c_str(), nullptr); };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  metrics.set(Metric::process_cpu, {}, (number(kUserTicks) + number(kSystemTicks)) / ticks_per_second);
  metrics.set(Metric::process_start_time, {}, boot_time() + number(kStartTicks) / ticks_per_second);
  metrics.set(Metric::process_virtual_memory, {}, number(kVirtualBytes));
  metrics.set(Metric::process_resident_memory, {},
              number(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

void measure_descriptors(ports::Metrics& metrics) {
  if (DIR* folder = opendir("/proc/self/fd")) {
    double count = 0;
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') ++count;
    }
    closedir(folder);
    metrics.set(Metric::process_open_fds, {}, count - 1);  // less the one that opendir holds
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    const bool unlimited = limit.rlim_cur == RLIM_INFINITY;
    metrics.set(Metric::process_max_fds, {},
                unlimited ? std::numeric_limits<double>::infinity() : static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace

void measure_process(ports::Metrics& metrics) {
  measure_stat(metrics);
  measure_descriptors(metrics);
}

}  // namespace dujiang::adapters::metrics
