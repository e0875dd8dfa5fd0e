#include "base/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::base {
namespace {

std::string hex(const Sha256Digest& digest) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string of(std::string_view bytes) { return hex(Sha256().add(bytes).finish()); }

TEST(Sha256, GivesTheDigestsOfTheStandardsExamples) {
  EXPECT_EQ(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameInWhateverPiecesTheBytesCome) {
  const std::string bytes(200, 'x');
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    EXPECT_EQ(hex(Sha256().add(bytes.substr(0, at)).add(bytes.substr(at)).finish()), of(bytes)) << at;
  }
}

TEST(Sha256, TellsPartsApartThatReadAlikeWhenJoined) {
  EXPECT_NE(Sha256().add_part("ab").add_part("c").finish(), Sha256().add_part("a").add_part("bc").finish());
  EXPECT_NE(Sha256().add_part("").add_part("a").finish(), Sha256().add_part("a").add_part("").finish());
}

}  // namespace
}  // namespace dujiang::base
