#include "adapters/metrics/registry.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace dujiang::adapters::metrics {
namespace {

constexpr unsigned kIdBits = 12;
constexpr std::uint64_t kIdMask = (1u << kIdBits) - 1;
constexpr std::string_view kOther = "other";

}  // namespace

void Registry::ValueSet::insert(std::string_view value) {
  if (values.size() > kIdMask || ids.contains(value)) return;
  ids.emplace(value, values.size());
  values.emplace_back(value);
}

std::uint64_t Registry::ValueSet::id_of(std::string_view value) const {
  if (values[latest] == value) return latest;
  auto found = ids.find(value);
  latest = found == ids.end() ? 0 : found->second;
  return latest;
}

Registry::Registry(std::size_t max_series_per_family) : max_series_(max_series_per_family) {
  for (const ports::MetricFamily& description : ports::metric_catalog()) {
    assert(description.labels.size() * kIdBits <= 64);
    Family& family = families_[static_cast<std::size_t>(description.metric)];
    for (const ports::MetricLabel* label : description.labels) {
      auto [entry, fresh] = sets_.try_emplace(label);
      ValueSet& values = entry->second;
      if (fresh) {
        values.insert(kOther);
        values.insert("");
        for (std::string_view value : label->values) values.insert(value);
      }
      family.sets.push_back(&values);
    }
    // What has no labels exists from the start, so that a rate over it is never missing its zero.
    if (family.sets.empty()) series_of(description.metric, {});
  }
  for (const ports::MetricFamily& description : ports::metric_catalog()) declare("family", description.name);
}

void Registry::declare(std::string_view label, std::string_view value) {
  for (auto& [description, values] : sets_) {
    if (description->name == label && description->values.empty()) values.insert(value);
  }
}

Registry::Key Registry::key_of(const Family& family, Labels labels) {
  assert(labels.size() == family.sets.size());
  Key key = 0;
  const std::size_t count = std::min(labels.size(), family.sets.size());
  for (std::size_t i = 0; i < count; ++i) key = key << kIdBits | family.sets[i]->id_of(labels.begin()[i]);
  return key;
}

Registry::Series& Registry::series_of(ports::Metric metric, Labels labels) {
  Family& family = families_[static_cast<std::size_t>(metric)];
  const Key key = key_of(family, labels);
  if (auto found = family.series.find(key); found != family.series.end()) return found->second;
  const ports::MetricFamily& description = ports::family_of(metric);
  if (key != 0 && family.series.size() >= max_series_) {
    if (metric != ports::Metric::metrics_overflow) add(ports::Metric::metrics_overflow, {description.name});
    return family.series[0];
  }
  Series& series = family.series[key];
  if (description.kind == ports::MetricKind::histogram) series.buckets.resize(description.buckets.size() + 1);
  return series;
}

void Registry::add(ports::Metric metric, Labels labels, double amount) {
  const ports::MetricKind kind = ports::family_of(metric).kind;
  assert(kind != ports::MetricKind::histogram);
  assert(kind != ports::MetricKind::counter || !(amount < 0));
  if (std::isnan(amount) || kind == ports::MetricKind::histogram) return;
  series_of(metric, labels).value += amount;
}

void Registry::set(ports::Metric metric, Labels labels, double value) {
  assert(ports::family_of(metric).kind != ports::MetricKind::histogram);
  if (ports::family_of(metric).kind == ports::MetricKind::histogram) return;
  series_of(metric, labels).value = value;
}

void Registry::observe(ports::Metric histogram, Labels labels, double value) {
  const ports::MetricFamily& description = ports::family_of(histogram);
  assert(description.kind == ports::MetricKind::histogram);
  if (std::isnan(value) || description.kind != ports::MetricKind::histogram) return;
  Series& series = series_of(histogram, labels);
  const auto bucket = std::ranges::lower_bound(description.buckets, value) - description.buckets.begin();
  ++series.buckets[static_cast<std::size_t>(bucket)];
  series.value += value;
}

Page Registry::page() const {
  Page page;
  for (const ports::MetricFamily& description : ports::metric_catalog()) {
    const Family& family = families_[static_cast<std::size_t>(description.metric)];
    std::vector<Key> keys;
    keys.reserve(family.series.size());
    for (const auto& entry : family.series) keys.push_back(entry.first);
    std::ranges::sort(keys);
    for (const Key key : keys) {
      const Series& series = family.series.at(key);
      page.add(description.metric,
               {.labels = labels_of(family, key), .value = series.value, .buckets = series.buckets});
    }
  }
  return page;
}

std::vector<std::string> Registry::labels_of(const Family& family, Key key) {
  std::vector<std::string> labels(family.sets.size());
  for (std::size_t i = labels.size(); i-- > 0; key >>= kIdBits)
    labels[i] = family.sets[i]->values[key & kIdMask];
  return labels;
}

}  // namespace dujiang::adapters::metrics
