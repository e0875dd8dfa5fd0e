#include "adapters/keys/salted_hash.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace dujiang::adapters::keys {
namespace {

// One for each thread, with the algorithm looked up: the one-shot functions of OpenSSL look it up by its
// name, under a lock, whenever they are called.
EVP_MD_CTX* sha256() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> kAlgorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> kContext(EVP_MD_CTX_new(),
                                                                                      &EVP_MD_CTX_free);
  return EVP_DigestInit_ex2(kContext.get(), kAlgorithm.get(), nullptr) == 1 ? kContext.get() : nullptr;
}

}  // namespace

route::SaltedHash salted_hash(std::string_view key, const std::array<std::uint8_t, 16>& salt) {
  // What is longer than any key is none: its beginning is hashed, for the time that this takes.
  constexpr std::size_t kLongest = 128;
  key = key.substr(0, kLongest);
  route::SaltedHash hash{.salt = salt};
  EVP_MD_CTX* const context = sha256();
  const bool done = context != nullptr && EVP_DigestUpdate(context, salt.data(), salt.size()) == 1 &&
                    EVP_DigestUpdate(context, key.data(), key.size()) == 1 &&
                    EVP_DigestFinal_ex(context, hash.digest.data(), nullptr) == 1;
  if (!done) throw std::runtime_error("OpenSSL computes no SHA-256");
  return hash;
}

}  // namespace dujiang::adapters::keys
