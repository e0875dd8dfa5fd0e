#include "route/caller_key.hpp"

#include <gtest/gtest.h>

namespace dujiang::route {
namespace {

const std::string kSecret = "abcdefghijklmnopqrstuvwxyz234567";

TEST(CallerKey, HasAnIdThatFindsItsEntry) { EXPECT_EQ(key_id("dj_ab2cd3ef_" + kSecret), "ab2cd3ef"); }

TEST(CallerKey, OfAnyOtherFormIsNone) {
  for (const std::string& text :
       {std::string(), std::string("sk-0123456789"), "dj_ab2cd3ef" + kSecret, "dj_ab2cd3ef-" + kSecret,
        "DJ_ab2cd3ef_" + kSecret, "dj_AB2cd3ef_" + kSecret, "dj_ab2cd3e1_" + kSecret,
        "dj_ab2cd3ef_" + kSecret + "a", "dj_ab2cd3ef_" + kSecret.substr(1),
        "dj_ab2cd3ef_" + kSecret.substr(1) + " "}) {
    EXPECT_EQ(key_id(text), std::nullopt) << text;
  }
}

TEST(SaltedHash, IsReadAsItIsPrinted) {
  SaltedHash hash;
  for (std::size_t i = 0; i < hash.salt.size(); ++i) hash.salt[i] = static_cast<std::uint8_t>(i * 17);
  for (std::size_t i = 0; i < hash.digest.size(); ++i) hash.digest[i] = static_cast<std::uint8_t>(255 - i);
  EXPECT_EQ(parse_salted_hash(to_text(hash)), hash);
}

TEST(SaltedHash, OfAnyOtherFormIsNone) {
  const std::string salt(32, '0');
  const std::string digest(64, 'f');
  ASSERT_TRUE(parse_salted_hash("sha256:" + salt + ":" + digest));
  for (const std::string& text :
       {std::string(), "sha512:" + salt + ":" + digest, "sha256:" + salt + digest, "sha256:" + salt + ":",
        "sha256:" + salt + ":" + digest + "0", "sha256:" + salt + ":" + digest.substr(1) + "g",
        "sha256:" + salt.substr(2) + ":" + digest, "sha256:" + salt + ":" + std::string(64, 'F')}) {
    EXPECT_EQ(parse_salted_hash(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dujiang::route
