// Measurements as they stood at one instant, apart from the loop that made them: added up over loops, then
// printed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ports/metric_catalog.hpp"

namespace dujiang::adapters::metrics {

class Page {
 public:
  struct Series {
    std::vector<std::string> labels;       // in the order of the family's label names
    double value = 0;                      // of a counter or gauge; sum of a histogram
    std::vector<std::uint64_t> buckets{};  // of a histogram, not cumulated; the last is +Inf
  };

  // A series that is there already grows by it: counters and histograms are exact over any number of loops.
  // Gauges add up too, so what is true of the process as a whole may be measured on one loop only.
  void add(ports::Metric metric, Series series);
  void add(Page other);

  // Prometheus' text format 0.0.4: all families; series in the order in which they came.
  std::string text() const;

 private:
  struct Family {
    std::vector<Series> series;
    std::map<std::vector<std::string>, std::size_t> places;  // labels → index into `series`
  };
  static void print(std::string& out, const ports::MetricFamily& description, const Family& family);

  std::array<Family, ports::kMetricCount> families_;
};

}  // namespace dujiang::adapters::metrics
