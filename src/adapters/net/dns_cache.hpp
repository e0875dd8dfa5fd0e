// What names resolved to, for as long as their records allow; pure, with `now` as an argument.
//
// A failed look-up is remembered for a moment too, and does not drop addresses that were known before: they
// are handed out as stale, since an address that worked an hour ago beats none (RFC 8767).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/net/address.hpp"
#include "base/time.hpp"

namespace dujiang::adapters::net {

using AddressList = std::shared_ptr<const std::vector<SocketAddress>>;  // not empty, best first; port 0

struct DnsCacheLimits {
  base::Duration min_ttl = std::chrono::seconds(1);
  base::Duration max_ttl = std::chrono::hours(1);
  base::Duration failure_ttl = std::chrono::seconds(3);
  base::Duration max_stale = std::chrono::hours(24);  // from the last good answer's expiry
  std::size_t max_names = 4096;
};

struct CachedName {
  bool current = false;   // no look-up is due
  AddressList addresses;  // null: nothing usable is known
  std::string error;      // of the last look-up, if that failed
};

class DnsCache {
 public:
  explicit DnsCache(DnsCacheLimits limits = {}) : limits_(limits) {}

  CachedName find(const std::string& name, base::TimePoint now) const;
  void store(const std::string& name, AddressList addresses, base::Duration ttl, base::TimePoint now);
  void store_failure(const std::string& name, std::string error, base::TimePoint now);

  std::size_t size() const { return names_.size(); }

 private:
  struct Entry {
    AddressList addresses;
    std::string error;
    base::TimePoint due;           // of the next look-up
    base::TimePoint usable_until;  // addresses, stale ones included
  };

  Entry& entry(const std::string& name);

  DnsCacheLimits limits_;
  std::unordered_map<std::string, Entry> names_;
};

}  // namespace dujiang::adapters::net
