#include "adapters/keys/key_ring.hpp"

#include <gtest/gtest.h>

#include <set>

#include "adapters/keys/new_key.hpp"
#include "adapters/keys/salted_hash.hpp"

namespace dujiang::adapters::keys {
namespace {

NewKey make(const std::string& name) { return new_key(name).value(); }

std::string name_of(const KeyRing& ring, std::string_view key) {
  const auto found = ring.find(key);
  return found ? found->spec.name : "nobody";
}

TEST(NewKey, FindsItsEntryAndNoOther) {
  const NewKey a = make("a");
  const NewKey b = make("b");
  const KeyRing ring({a.spec, b.spec});
  EXPECT_EQ(name_of(ring, a.key), "a");
  EXPECT_EQ(name_of(ring, b.key), "b");
}

TEST(NewKey, HasTheFormOfAKeyWithItsId) {
  const NewKey made = make("a");
  EXPECT_EQ(route::key_id(made.key), made.spec.id);
}

TEST(NewKey, IsAnotherOneEachTime) {
  std::set<std::string> keys;
  std::set<std::string> ids;
  std::set<std::string> hashes;
  for (int i = 0; i < 200; ++i) {
    const NewKey made = make("a");
    keys.insert(made.key);
    ids.insert(made.spec.id);
    hashes.insert(route::to_text(made.spec.hash));
  }
  EXPECT_EQ(keys.size(), 200u);
  EXPECT_EQ(ids.size(), 200u);
  EXPECT_EQ(hashes.size(), 200u);
}

TEST(SaltedHash, IsSha256OfTheSaltAndTheKey) {
  // printf 'aaaaaaaaaaaaaaaadj_test' | sha256sum
  std::array<std::uint8_t, 16> salt{};
  salt.fill('a');
  EXPECT_EQ(route::to_text(salted_hash("dj_test", salt)),
            "sha256:61616161616161616161616161616161:"
            "856c972f5336aab2c0eb08a8060dac0e9117e5961271f841bc12f9dd25cf9273");
}

TEST(KeyRing, KnowsNobodyByAWrongSecretAnUnknownIdOrAnyOtherText) {
  const NewKey a = make("a");
  const KeyRing ring({a.spec});
  std::string wrong = a.key;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  EXPECT_EQ(name_of(ring, wrong), "nobody");
  EXPECT_EQ(name_of(ring, make("b").key), "nobody");
  EXPECT_EQ(name_of(ring, ""), "nobody");
  EXPECT_EQ(name_of(ring, "sk-0123456789"), "nobody");
  EXPECT_EQ(name_of(ring, a.spec.id), "nobody");
  EXPECT_EQ(name_of(ring, std::string(100'000, 'x')), "nobody");
  EXPECT_EQ(name_of(KeyRing({}), a.key), "nobody");
}

TEST(KeyRing, AnEntryWithoutAHashLetsNobodyIn) {
  route::CallerKeySpec blank = make("a").spec;
  blank.hash = {};
  EXPECT_EQ(name_of(KeyRing({blank}), "dj_" + blank.id + "_" + std::string(32, 'a')), "nobody");
}

TEST(KeyRing, ANewConfigurationGoesOnWithTheBucketOfAnIdThatStays) {
  const NewKey stays = make("stays");
  const NewKey goes = make("goes");
  const KeyRing before({stays.spec, goes.spec});
  const NewKey comes = make("comes");
  route::CallerKeySpec changed = stays.spec;
  changed.name = "renamed";
  const KeyRing after({changed, comes.spec}, &before);
  EXPECT_EQ(after.find(stays.key)->bucket, before.find(stays.key)->bucket);
  EXPECT_EQ(name_of(after, stays.key), "renamed");
  EXPECT_EQ(name_of(after, goes.key), "nobody");
  EXPECT_NE(after.find(comes.key)->bucket, before.find(goes.key)->bucket);
  // Who began under the earlier one keeps what it was given.
  EXPECT_EQ(name_of(before, stays.key), "stays");
}

}  // namespace
}  // namespace dujiang::adapters::keys
