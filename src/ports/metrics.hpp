// Measurements as the engine makes them. The families, their help and their closed label sets stand in
// ports/metric_catalog; adapters/metrics keeps and prints them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace dujiang::ports {

enum class Metric : std::uint8_t;  // one enumerator per family: ports/metric_catalog.hpp

class Metrics {
 public:
  virtual ~Metrics() = default;

  // Label values in the order of the family's label names. A value that was never declared becomes "other".
  using Labels = std::initializer_list<std::string_view>;
  virtual void add(Metric counter, Labels labels, double amount = 1) = 0;
  virtual void set(Metric gauge, Labels labels, double value) = 0;
  virtual void observe(Metric histogram, Labels labels, double value) = 0;
};

}  // namespace dujiang::ports
