#include "adapters/net/dns_cache.hpp"

#include <algorithm>
#include <utility>

namespace dujiang::adapters::net {

CachedName DnsCache::find(const std::string& name, base::TimePoint now) const {
  const auto it = names_.find(name);
  if (it == names_.end()) return {};
  const Entry& entry = it->second;
  return {.current = now < entry.due,
          .addresses = now < entry.usable_until ? entry.addresses : nullptr,
          .error = entry.error};
}

void DnsCache::store(const std::string& name, AddressList addresses, base::Duration ttl,
                     base::TimePoint now) {
  const base::TimePoint due = base::after(now, std::clamp(ttl, limits_.min_ttl, limits_.max_ttl));
  entry(name) = {.addresses = std::move(addresses),
                 .error = {},
                 .due = due,
                 .usable_until = base::after(due, limits_.max_stale)};
}

void DnsCache::store_failure(const std::string& name, std::string error, base::TimePoint now) {
  Entry& known = entry(name);
  known.error = std::move(error);
  known.due = base::after(now, limits_.failure_ttl);
}

DnsCache::Entry& DnsCache::entry(const std::string& name) {
  if (names_.size() >= limits_.max_names && !names_.contains(name)) {
    names_.erase(std::ranges::min_element(names_, {}, [](const auto& known) { return known.second.due; }));
  }
  return names_[name];
}

}  // namespace dujiang::adapters::net
