#include "adapters/metrics/reference.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace dujiang::adapters::metrics {
namespace {

TEST(MetricsReference, the_committed_page_is_what_the_catalog_says) {
  std::ifstream file(DUJIANG_SOURCE_DIR "/docs/metrics.md");
  ASSERT_TRUE(file) << "docs/metrics.md is missing: dujiang docs metrics > docs/metrics.md";
  std::ostringstream committed;
  committed << file.rdbuf();
  EXPECT_TRUE(committed.str() == metrics_reference())
      << "docs/metrics.md is old; run: dujiang docs metrics > docs/metrics.md";
}

}  // namespace
}  // namespace dujiang::adapters::metrics
