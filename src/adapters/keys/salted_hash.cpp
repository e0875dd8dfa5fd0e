#include "adapters/keys/salted_hash.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace dujiang::adapters::keys {

route::SaltedHash salted_hash(std::string_view key, const std::array<std::uint8_t, 16>& salt) {
  // What is longer than any key is none: its beginning is hashed, for the time that this takes.
  constexpr std::size_t kLongest = 128;
  std::array<std::uint8_t, 16 + kLongest> bytes{};
  const std::size_t length = std::min(key.size(), kLongest);
  std::ranges::copy(key.substr(0, length), std::ranges::copy(salt, bytes.begin()).out);
  route::SaltedHash hash{.salt = salt};
  SHA256(bytes.data(), salt.size() + length, hash.digest.data());
  return hash;
}

}  // namespace dujiang::adapters::keys
