#include "adapters/keys/key_ring.hpp"

#include <openssl/crypto.h>

#include <utility>

#include "adapters/keys/salted_hash.hpp"

namespace dujiang::adapters::keys {

KeyRing::KeyRing(std::vector<route::CallerKeySpec> specs, const KeyRing* before) {
  for (route::CallerKeySpec& spec : specs) {
    auto key = std::make_shared<policy::CallerKey>(policy::CallerKey{.spec = std::move(spec)});
    if (before != nullptr) {
      const auto earlier = before->by_id_.find(key->spec.id);
      if (earlier != before->by_id_.end()) key->bucket = earlier->second->bucket;
    }
    std::string id = key->spec.id;
    by_id_.emplace(std::move(id), std::move(key));
  }
}

std::shared_ptr<const policy::CallerKey> KeyRing::find(std::string_view key) const {
  static constexpr route::SaltedHash kNobody{};
  const auto id = route::key_id(key);
  const auto found = id ? by_id_.find(*id) : by_id_.end();
  const route::SaltedHash& kept = found == by_id_.end() ? kNobody : found->second->spec.hash;
  const route::SaltedHash given = salted_hash(key, kept.salt);
  const bool is_same = CRYPTO_memcmp(given.digest.data(), kept.digest.data(), kept.digest.size()) == 0;
  return is_same && found != by_id_.end() ? found->second : nullptr;
}

}  // namespace dujiang::adapters::keys
