// SHA-256 (FIPS 180-4): a name for bytes that nobody can find other bytes for.
//
// For fingerprints within the process. Keys and passwords are hashed by OpenSSL, in adapters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dujiang::base {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256& add(std::string_view bytes);

  // With its length before it, so that ("ab", "c") and ("a", "bc") differ.
  Sha256& add_part(std::string_view bytes);

  // Of everything added. Nothing can be added afterwards.
  Sha256Digest finish();

 private:
  void take_block(const unsigned char* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;  // bytes
};

}  // namespace dujiang::base
