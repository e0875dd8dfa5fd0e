// Prometheus' text format 0.0.4, one function per kind of line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dujiang::adapters::metrics {

struct PrintedLabel {
  std::string_view name;
  std::string_view value;
};

// The HELP and TYPE lines.
void print_header(std::string& out, std::string_view name, std::string_view type, std::string_view help);

void print_sample(std::string& out, std::string_view name, std::span<const PrintedLabel> labels,
                  double value);

// `counts` has one entry more than `bounds`: what is above the last one. They are not cumulated yet.
void print_histogram(std::string& out, std::string_view name, std::span<const PrintedLabel> labels,
                     std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum);

}  // namespace dujiang::adapters::metrics
