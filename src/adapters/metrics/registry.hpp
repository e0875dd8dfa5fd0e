// Keeps every measurement of one loop, for Prometheus' text format 0.0.4.
//
// Label sets are closed: a value that was never declared becomes "other", and a family that has too many
// series counts the rest in one series of "other"s, so that memory has an end whatever callers send.
// Measuring with known labels allocates nothing after the first time. Not for several threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/metrics/page.hpp"
#include "ports/metric_catalog.hpp"
#include "ports/metrics.hpp"

namespace dujiang::adapters::metrics {

class Registry final : public ports::Metrics {
 public:
  explicit Registry(std::size_t max_series_per_family = 1000);

  // Adds a value to the set of every label of that name which the catalog left to the application. The empty
  // value is in every set: it means "none". A set holds 4,095 values; those that come later stay "other".
  void declare(std::string_view label, std::string_view value);

  void add(ports::Metric metric, Labels labels, double amount = 1) override;
  void set(ports::Metric metric, Labels labels, double value) override;
  void observe(ports::Metric histogram, Labels labels, double value) override;

  // As it stands now: all families, series in order of declaration.
  Page page() const;
  std::string text() const { return page().text(); }

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  // The values of one label; an id is an index into `values`.
  struct ValueSet {
    std::vector<std::string> values;
    std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> ids;
    mutable std::uint64_t latest =
        0;  // id that was asked for last: what is measured of one request has most labels in common

    void insert(std::string_view value);
    std::uint64_t id_of(std::string_view value) const;
  };

  struct Series {
    double value = 0;                    // of a counter or gauge; sum of a histogram
    std::vector<std::uint64_t> buckets;  // of a histogram, not cumulated; the last is +Inf
  };

  struct Family {
    std::vector<ValueSet*> sets;  // one per label
    std::unordered_map<std::uint64_t, Series> series;
  };

  // Ids of the label values, 12 bits each, the first label highest.
  using Key = std::uint64_t;
  static Key key_of(const Family& family, Labels labels);
  Series& series_of(ports::Metric metric, Labels labels);
  static std::vector<std::string> labels_of(const Family& family, Key key);

  std::size_t max_series_;
  std::unordered_map<const ports::MetricLabel*, ValueSet> sets_;
  std::array<Family, ports::kMetricCount> families_;
};

}  // namespace dujiang::adapters::metrics
