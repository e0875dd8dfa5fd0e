#include "adapters/metrics/page.hpp"

#include <string_view>
#include <utility>

#include "adapters/metrics/text_format.hpp"

namespace dujiang::adapters::metrics {
namespace {

std::string_view kind_name(ports::MetricKind kind) {
  switch (kind) {
    case ports::MetricKind::counter:
      return "counter";
    case ports::MetricKind::gauge:
      return "gauge";
    case ports::MetricKind::histogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

void Page::add(ports::Metric metric, Series series) {
  Family& family = families_[static_cast<std::size_t>(metric)];
  const auto [place, fresh] = family.places.try_emplace(series.labels, family.series.size());
  if (fresh) {
    family.series.push_back(std::move(series));
    return;
  }
  Series& sum = family.series[place->second];
  sum.value += series.value;
  for (std::size_t i = 0; i < sum.buckets.size(); ++i) sum.buckets[i] += series.buckets[i];
}

void Page::add(Page other) {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    for (Series& series : other.families_[i].series) add(static_cast<ports::Metric>(i), std::move(series));
  }
}

std::string Page::text() const {
  std::string out;
  for (const ports::MetricFamily& description : ports::metric_catalog()) {
    print(out, description, families_[static_cast<std::size_t>(description.metric)]);
  }
  return out;
}

void Page::print(std::string& out, const ports::MetricFamily& description, const Family& family) {
  print_header(out, description.name, kind_name(description.kind), description.help);
  std::vector<PrintedLabel> labels(description.labels.size());
  for (const Series& series : family.series) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      labels[i] = {.name = description.labels[i]->name, .value = series.labels[i]};
    }
    if (description.kind == ports::MetricKind::histogram) {
      print_histogram(out, description.name, labels, description.buckets, series.buckets, series.value);
    } else {
      print_sample(out, description.name, labels, series.value);
    }
  }
}

}  // namespace dujiang::adapters::metrics
