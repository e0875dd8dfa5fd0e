#include "adapters/metrics/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/metrics/registry.hpp"

namespace dujiang::adapters::metrics {
namespace {

using ports::Metric;
using testing::HasSubstr;

// One of several loops, which knows the values in an order of its own.
Registry registry_of(std::initializer_list<std::string_view> upstreams) {
  Registry registry;
  for (const std::string_view name : upstreams) registry.declare("upstream", name);
  return registry;
}

TEST(Page, counters_and_gauges_of_several_loops_add_up_by_their_label_values) {
  Registry one = registry_of({"a", "b"});
  Registry two = registry_of({"b", "c"});
  one.add(Metric::possibly_billed, {"a"}, 1);
  one.add(Metric::possibly_billed, {"b"}, 2);
  two.add(Metric::possibly_billed, {"b"}, 4);
  two.add(Metric::possibly_billed, {"c"}, 8);
  one.set(Metric::requests_in_flight, {}, 3);
  two.set(Metric::requests_in_flight, {}, 4);
  Page sum = one.page();
  sum.add(two.page());
  const std::string text = sum.text();
  EXPECT_THAT(text, HasSubstr("{upstream=\"a\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{upstream=\"b\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("{upstream=\"c\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("dujiang_requests_in_flight 7\n"));
}

TEST(Page, histograms_add_up_bucket_by_bucket) {
  Registry one = registry_of({"a"});
  Registry two = registry_of({"a"});
  one.observe(Metric::queue_wait, {"a"}, 0);
  two.observe(Metric::queue_wait, {"a"}, 0);
  two.observe(Metric::queue_wait, {"a"}, 1e9);
  Page sum = one.page();
  sum.add(two.page());
  const std::string text = sum.text();
  const std::string_view name = ports::family_of(Metric::queue_wait).name;
  EXPECT_THAT(text, HasSubstr(std::string(name) + "_bucket{upstream=\"a\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(std::string(name) + "_count{upstream=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(std::string(name) + "_sum{upstream=\"a\"} 1e+09\n"));
}

TEST(Page, the_sum_of_one_loop_is_the_page_of_that_loop) {
  Registry one = registry_of({"a"});
  one.observe(Metric::queue_wait, {"a"}, 0.5);
  one.add(Metric::possibly_billed, {"a"}, 1);
  Page sum;
  sum.add(one.page());
  EXPECT_EQ(sum.text(), one.text());
}

}  // namespace
}  // namespace dujiang::adapters::metrics
