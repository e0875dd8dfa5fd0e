#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "adapters/metrics/process.hpp"
#include "adapters/metrics/registry.hpp"

namespace dujiang::adapters::metrics {
namespace {

using ports::Metric;

// What `promtool check metrics` says about the text, and its exit status.
std::pair<std::string, int> promtool(const std::string& text) {
  std::string path = testing::TempDir() + "metrics.XXXXXX";
  const int fd = mkstemp(path.data());
  EXPECT_GE(fd, 0);
  EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(fd);
  FILE* pipe = popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
  std::string said;
  std::array<char, 4096> part;
  while (const std::size_t n = fread(part.data(), 1, part.size(), pipe)) said.append(part.data(), n);
  const int status = pclose(pipe);
  unlink(path.c_str());
  return {said, WEXITSTATUS(status)};
}

// Gives every family a series or two.
void fill(Registry& registry) {
  registry.declare("upstream", "deep\"seek\\");
  registry.declare("version", "1.2.3");
  for (const ports::MetricFamily& family : ports::metric_catalog()) {
    const auto measure = [&](Metric metric, ports::Metrics::Labels labels) {
      if (family.kind == ports::MetricKind::histogram) {
        registry.observe(metric, labels, 0.5);
        registry.observe(metric, labels, 1e9);
      } else {
        registry.add(metric, labels, 2);
      }
    };
    switch (family.labels.size()) {
      case 0:
        measure(family.metric, {});
        break;
      case 1:
        measure(family.metric, {"deep\"seek\\"});
        break;
      case 2:
        measure(family.metric, {"deep\"seek\\", "x"});
        break;
      case 3:
        measure(family.metric, {"chat", "", "x"});
        break;
      case 4:
        measure(family.metric, {"chat", "", "deep\"seek\\", ""});
        break;
      case 5:
        measure(family.metric, {"chat", "", "deep\"seek\\", "", ""});
        break;
      default:
        ADD_FAILURE() << family.name << " has more labels than this test knows";
    }
  }
}

TEST(Promtool, finds_nothing_wrong_with_a_page_of_all_families) {
  Registry registry;
  fill(registry);
  measure_process(registry);
  const auto [said, status] = promtool(registry.text());
  EXPECT_EQ(said, "");
  EXPECT_EQ(status, 0) << "needs promtool of Debian's package prometheus";
}

TEST(Promtool, finds_nothing_wrong_with_a_page_before_the_first_request) {
  const auto [said, status] = promtool(Registry().text());
  EXPECT_EQ(said, "");
  EXPECT_EQ(status, 0);
}

TEST(Promtool, would_find_a_fault) {
  const auto [said, status] = promtool("# TYPE x counter\nx 1\n");
  EXPECT_NE(said, "");
  EXPECT_NE(status, 0);
}

TEST(MeasureProcess, sees_this_process) {
  Registry registry;
  measure_process(registry);
  const std::string text = registry.text();
  EXPECT_THAT(text, testing::ContainsRegex("\nprocess_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, testing::ContainsRegex("\nprocess_open_fds [1-9]"));
  EXPECT_THAT(text, testing::ContainsRegex("\nprocess_max_fds [1-9]"));
  EXPECT_THAT(text, testing::ContainsRegex("\nprocess_start_time_seconds 1[.0-9e+]"));
}

}  // namespace
}  // namespace dujiang::adapters::metrics
