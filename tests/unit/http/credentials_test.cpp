#include "http/credentials.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::http {
namespace {

std::string shown(const Headers& headers) {
  const PresentedKey presented = presented_key(headers);
  return presented.ambiguous ? "ambiguous" : std::string(presented.key);
}

TEST(PresentedKey, IsTheOneOfTheBearerOrOfXApiKey) {
  EXPECT_EQ(shown({{"Authorization", "Bearer one"}}), "one");
  EXPECT_EQ(shown({{"authorization", "bEARER  one "}}), "one");
  EXPECT_EQ(shown({{"X-Api-Key", "one"}}), "one");
}

TEST(PresentedKey, MayComeTwiceIfItIsTheSame) {
  EXPECT_EQ(shown({{"Authorization", "Bearer one"}, {"x-api-key", "one"}}), "one");
}

TEST(PresentedKey, OfTwoThatDifferIsAmbiguousWhateverTheirOrderAndField) {
  EXPECT_EQ(shown({{"Authorization", "Bearer one"}, {"x-api-key", "two"}}), "ambiguous");
  EXPECT_EQ(shown({{"x-api-key", "two"}, {"Authorization", "Bearer one"}}), "ambiguous");
  EXPECT_EQ(shown({{"Authorization", "Bearer one"}, {"Authorization", "Bearer two"}}), "ambiguous");
  EXPECT_EQ(shown({{"x-api-key", "one"}, {"x-api-key", "two"}, {"x-api-key", "one"}}), "ambiguous");
}

TEST(PresentedKey, IsNoneForOtherSchemesAndEmptyFields) {
  EXPECT_EQ(shown({}), "");
  EXPECT_EQ(shown({{"Authorization", "Basic b25lOnR3bw=="}}), "");
  EXPECT_EQ(shown({{"Authorization", "Bearer"}, {"x-api-key", " "}}), "");
  EXPECT_EQ(shown({{"Authorization", "Basic b25l"}, {"x-api-key", "one"}}), "one");
}

}  // namespace
}  // namespace dujiang::http
