// The callers' keys of one configuration: finds who presents a key. Immutable, and shared by all loops.
//
// Costs one SHA-256 of two blocks a request, so little that nothing of a key is cached. A key whose id
// is unknown costs the same as one whose secret is wrong, and digests are compared in constant time, so that
// the time of an answer tells nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/caller_key.hpp"

namespace dujiang::adapters::keys {

class KeyRing {
 public:
  // Entries of an id that `before` has too go on with its bucket.
  // REQUIRES: no id comes twice.
  explicit KeyRing(std::vector<route::CallerKeySpec> specs, const KeyRing* before = nullptr);

  // The entry of the key; null where there is none.
  std::shared_ptr<const policy::CallerKey> find(std::string_view key) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::shared_ptr<const policy::CallerKey>, Hash, std::equal_to<>> by_id_;
};

}  // namespace dujiang::adapters::keys
