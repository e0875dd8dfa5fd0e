#include "adapters/keys/new_key.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "adapters/keys/salted_hash.hpp"

namespace dujiang::adapters::keys {
namespace {

// One character out of each byte's lowest five bits: the alphabet has 32.
std::string spelled(std::span<const std::uint8_t> bytes) {
  static_assert(route::kKeyAlphabet.size() == 32);
  std::string text;
  for (const std::uint8_t byte : bytes) text += route::kKeyAlphabet[byte & 31];
  return text;
}

}  // namespace

base::Result<NewKey> new_key(std::string name) {
  std::array<std::uint8_t, route::kKeyIdLength> id{};
  std::array<std::uint8_t, route::kKeySecretLength> secret{};
  std::array<std::uint8_t, 16> salt{};
  for (const std::span<std::uint8_t> part :
       {std::span<std::uint8_t>(id), std::span<std::uint8_t>(secret), std::span<std::uint8_t>(salt)}) {
    if (getentropy(part.data(), part.size()) != 0) {
      return base::fail(std::string("the operating system gives no random bytes: ") + std::strerror(errno));
    }
  }
  NewKey made;
  made.spec.name = std::move(name);
  made.spec.id = spelled(id);
  made.key = "dj_" + made.spec.id + "_" + spelled(secret);
  made.spec.hash = salted_hash(made.key, salt);
  return made;
}

}  // namespace dujiang::adapters::keys
