#include "sim/draws.hpp"

#include <gtest/gtest.h>

#include <set>

namespace dujiang::sim {
namespace {

TEST(Draws, HashFnv1aAsItIsPublished) {
  EXPECT_EQ(fnv1a64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171f73967e8ULL);
}

TEST(Draws, DependOnSeedSlotCountPurposeAndStepAlone) {
  const Draws draws(7);
  const double one = draws.uniform({.slot = 3, .k = 1}, Purpose::fault, 2);
  EXPECT_EQ(one, Draws(7).uniform({.slot = 3, .k = 1}, Purpose::fault, 2));
  const std::set<double> all{one,
                             Draws(8).uniform({.slot = 3, .k = 1}, Purpose::fault, 2),
                             draws.uniform({.slot = 4, .k = 1}, Purpose::fault, 2),
                             draws.uniform({.slot = 3, .k = 2}, Purpose::fault, 2),
                             draws.uniform({.slot = 3, .k = 1}, Purpose::queue, 2),
                             draws.uniform({.slot = 3, .k = 1}, Purpose::fault, 3)};
  EXPECT_EQ(all.size(), 6u);
}

TEST(Draws, AreUniform) {
  const Draws draws(1);
  constexpr int kDraws = 40'000;
  int low = 0;
  double sum = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double draw = draws.uniform({.slot = i / 7, .k = i % 7}, Purpose::fault);
    ASSERT_GE(draw, 0);
    ASSERT_LT(draw, 1);
    sum += draw;
    low += draw < 0.3;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
  EXPECT_NEAR(static_cast<double>(low) / kDraws, 0.3, 0.01);
}

}  // namespace
}  // namespace dujiang::sim
