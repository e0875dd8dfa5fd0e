#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "adapters/http/client_inflate.hpp"
#include "support/gzip.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::testing::compress;
using dujiang::testing::Wrapper;
using Coding = Inflater::Coding;

struct Decoded {
  std::string text;
  std::string error;
  bool complete = false;
};

// Feeds `coded` in pieces of `step` bytes through an output of `room` bytes.
Decoded decode(const std::string& coded, Coding coding, std::size_t step, std::size_t room,
               InflateLimits limits = {}) {
  Inflater inflater(coding, limits);
  Decoded result;
  std::string out(room, '\0');
  std::string_view rest(coded);
  bool held = false;
  while (!rest.empty() || held) {
    const auto got = inflater.next(rest.substr(0, step), out);
    result.text.append(out, 0, got.produced);
    result.error = got.error;
    if (!got.error.empty()) return result;
    rest.remove_prefix(got.consumed);
    held = got.produced == room;
  }
  result.complete = inflater.complete();
  return result;
}

std::string some_text() {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "line " + std::to_string(i * i) + "\n";
  return text;
}

TEST(Inflater, DecodesWhateverThePiecesOfInputAndOutput) {
  const std::string text = some_text();
  const struct {
    Wrapper wrapper;
    Coding coding;
  } rows[] = {
      {Wrapper::gzip, Coding::gzip}, {Wrapper::zlib, Coding::deflate}, {Wrapper::bare, Coding::deflate}};
  for (const auto& row : rows) {
    const std::string coded = compress(text, row.wrapper);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, coded.size()}) {
      for (const std::size_t room : {std::size_t{1}, std::size_t{100}, std::size_t{16384}}) {
        const Decoded decoded = decode(coded, row.coding, step, room);
        EXPECT_EQ(decoded.text, text);
        EXPECT_EQ(decoded.error, "");
        EXPECT_TRUE(decoded.complete);
      }
    }
  }
}

TEST(Inflater, DecodesSeveralGzipMembers) {
  const Decoded decoded = decode(compress("one ") + compress("two"), Coding::gzip, 5, 100);
  EXPECT_EQ(decoded.text, "one two");
  EXPECT_TRUE(decoded.complete);
}

TEST(Inflater, TakesNoBytesForAnEmptyBody) { EXPECT_TRUE(decode("", Coding::gzip, 1, 100).complete); }

TEST(Inflater, KnowsThatATruncatedBodyIsNotComplete) {
  const std::string coded = compress(some_text());
  const Decoded decoded = decode(coded.substr(0, coded.size() - 1), Coding::gzip, 100, 100);
  EXPECT_EQ(decoded.error, "");
  EXPECT_FALSE(decoded.complete);
}

TEST(Inflater, RefusesBrokenBodies) {
  EXPECT_NE(decode("this is not gzip", Coding::gzip, 100, 100).error, "");
  EXPECT_NE(decode(compress("x", Wrapper::zlib) + "more", Coding::deflate, 100, 100).error, "");
  std::string damaged = compress(some_text());
  damaged[damaged.size() - 5] ^= 1;  // the checksum
  EXPECT_NE(decode(damaged, Coding::gzip, 100, 100).error, "");
}

TEST(Inflater, RefusesABombEarly) {
  const std::string bomb = compress(std::string(50 << 20, ' '));
  const Decoded decoded = decode(bomb, Coding::gzip, bomb.size(), 16384);
  EXPECT_NE(decoded.error, "");
  EXPECT_LT(decoded.text.size(), 20u << 20);
}

TEST(Inflater, BoundsTheGrowthFromTheFirstByteBeyondWhatIsFree) {
  const InflateLimits limits{.free_bytes = 1000, .ratio = 2};
  EXPECT_EQ(decode(compress(std::string(1000, 'x')), Coding::gzip, 9999, 100, limits).error, "");
  EXPECT_NE(decode(compress(std::string(1001, 'x')), Coding::gzip, 9999, 100, limits).error, "");
}

TEST(Inflater, TakesABodyThatGrowsAsTextsDoForNoBombHoweverLargeItIs) {
  std::string text;
  for (int i = 0; text.size() < (3u << 20); ++i)
    text += std::to_string(i * 2654435761u) + " words of a model ";
  const Decoded decoded = decode(compress(text), Coding::gzip, 16384, 16384);
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.text.size(), text.size());
}

}  // namespace
}  // namespace dujiang::adapters::http
