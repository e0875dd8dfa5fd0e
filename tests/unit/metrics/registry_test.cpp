#include "adapters/metrics/registry.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace dujiang::adapters::metrics {
namespace {

using ports::Metric;
using testing::HasSubstr;
using testing::Not;

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    for (std::string_view label : {"upstream", "model", "route", "outcome", "reason"}) declare_two(label);
  }

  void declare_two(std::string_view label) {
    registry_.declare(label, "a");
    registry_.declare(label, "b");
  }

  Registry registry_{3};
};

TEST_F(RegistryTest, a_counter_adds_up_per_label_values) {
  registry_.add(Metric::attempts, {"a", "b", "a"});
  registry_.add(Metric::attempts, {"a", "b", "a"}, 2.5);
  registry_.add(Metric::attempts, {"b", "b", "a"});
  EXPECT_THAT(registry_.text(),
              HasSubstr("# HELP dujiang_attempts_total Attempts at upstreams that ended.\n"
                        "# TYPE dujiang_attempts_total counter\n"
                        "dujiang_attempts_total{upstream=\"a\",model=\"b\",outcome=\"a\"} 3.5\n"
                        "dujiang_attempts_total{upstream=\"b\",model=\"b\",outcome=\"a\"} 1\n"));
}

TEST_F(RegistryTest, a_value_that_nobody_declared_becomes_other) {
  registry_.add(Metric::attempts, {"a", "invented-model", "a"});
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("dujiang_attempts_total{upstream=\"a\",model=\"other\",outcome=\"a\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("invented-model")));
}

TEST_F(RegistryTest, a_fixed_set_of_the_catalog_cannot_be_widened) {
  registry_.declare("gen_ai_token_type", "thought");
  registry_.observe(Metric::client_token_usage, {"chat", "", "a", "a", "thought"}, 3);
  EXPECT_THAT(registry_.text(), Not(HasSubstr("thought")));
}

TEST_F(RegistryTest, the_empty_value_means_none_and_is_always_allowed) {
  registry_.observe(Metric::server_request_duration, {"chat", "a", ""}, 1);
  EXPECT_THAT(registry_.text(), HasSubstr("{gen_ai_operation_name=\"chat\",route=\"a\",error_type=\"\",le="));
}

TEST_F(RegistryTest, a_histogram_counts_a_bound_into_its_own_bucket_and_cumulates) {
  for (double seconds : {0.01, 0.010001, 655.36, 1000.0})
    registry_.observe(Metric::queue_wait, {"a"}, seconds);
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("dujiang_queue_wait_seconds_bucket{upstream=\"a\",le=\"0.01\"} 1\n"
                              "dujiang_queue_wait_seconds_bucket{upstream=\"a\",le=\"0.02\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("dujiang_queue_wait_seconds_bucket{upstream=\"a\",le=\"655.36\"} 3\n"
                              "dujiang_queue_wait_seconds_bucket{upstream=\"a\",le=\"+Inf\"} 4\n"
                              "dujiang_queue_wait_seconds_sum{upstream=\"a\"} 1655.380001\n"
                              "dujiang_queue_wait_seconds_count{upstream=\"a\"} 4\n"));
}

TEST_F(RegistryTest, a_measurement_that_is_no_number_is_dropped) {
  registry_.observe(Metric::queue_wait, {"a"}, NAN);
  registry_.add(Metric::attempts, {"a", "a", "a"}, NAN);
  EXPECT_THAT(registry_.text(), Not(HasSubstr("NaN")));
}

TEST_F(RegistryTest, a_gauge_is_set_and_moved) {
  registry_.set(Metric::queue_length, {"a"}, 5);
  registry_.add(Metric::queue_length, {"a"}, -2);
  EXPECT_THAT(registry_.text(), HasSubstr("dujiang_queue_length{upstream=\"a\"} 3\n"));
}

TEST_F(RegistryTest, what_has_no_labels_is_there_from_the_start) {
  EXPECT_THAT(registry_.text(), HasSubstr("dujiang_requests_in_flight 0\n"));
}

TEST_F(RegistryTest, series_beyond_the_cap_are_counted_in_one_of_others) {
  for (std::string_view upstream : {"a", "b"}) {
    for (std::string_view reason : {"a", "b"}) registry_.add(Metric::retries, {upstream, reason});
  }
  registry_.add(Metric::retries, {"b", "b"});
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("dujiang_retries_total{upstream=\"other\",reason=\"other\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("dujiang_retries_total{upstream=\"b\",reason=\"a\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("dujiang_retries_total{upstream=\"b\",reason=\"b\"}")));
  EXPECT_THAT(text, HasSubstr("dujiang_metrics_overflow_total{family=\"dujiang_retries_total\"} 2\n"));
}

TEST_F(RegistryTest, hostile_label_values_stay_in_their_quotes) {
  registry_.declare("upstream", "x\"} 1\nevil{y=\"\\");
  registry_.set(Metric::queue_length, {"x\"} 1\nevil{y=\"\\"}, 1);
  EXPECT_THAT(registry_.text(),
              HasSubstr("dujiang_queue_length{upstream=\"x\\\"} 1\\nevil{y=\\\"\\\\\"} 1\n"));
}

TEST_F(RegistryTest, a_label_set_has_an_end) {
  for (int i = 0; i < 5000; ++i) registry_.declare("upstream", fmt::format("u{}", i));
  registry_.set(Metric::queue_length, {"u4999"}, 1);
  EXPECT_THAT(registry_.text(), HasSubstr("dujiang_queue_length{upstream=\"other\"} 1\n"));
}

}  // namespace
}  // namespace dujiang::adapters::metrics
