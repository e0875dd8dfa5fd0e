#include "sim/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace dujiang::sim {
namespace {

using testing::HasSubstr;

TEST(FaultCatalogue, HoldsAllThirtyRowsByTheirNumbers) {
  for (int row = 1; row <= 30; ++row) {
    const auto directive = parse_directive(std::to_string(row));
    ASSERT_TRUE(directive) << row;
    EXPECT_EQ(static_cast<int>(directive->fault), row);
  }
}

TEST(FaultCatalogue, NamesEachRowOnceAndExplainsIt) {
  std::set<std::string_view> ids;
  for (const FaultInfo& row : fault_catalogue()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_GT(row.sentence.size(), 10u) << row.id;
    EXPECT_EQ(&info(row.fault), &row);
    const bool has_after = (" " + std::string(row.params) + " ").contains(" after ");
    EXPECT_EQ(has_after, !row.after_is.empty()) << row.id;
    EXPECT_EQ(row.params.contains("variant"), !row.variants.empty()) << row.id;
  }
}

TEST(Directive, HasTheCataloguesDefaults) {
  const auto directive = parse_directive("19");
  ASSERT_TRUE(directive);
  EXPECT_EQ(directive->after, (Range{10, 10}));
  EXPECT_EQ(directive->variant, "rst");
  EXPECT_FALSE(directive->times);
  EXPECT_EQ(parse_directive("17")->after, (Range{30, 365}));
  EXPECT_EQ(parse_directive("22")->hold, (Range{600, 606}));
  EXPECT_EQ(parse_directive("3")->after, (Range{600, 600}));
  EXPECT_EQ(parse_directive("4")->after, (Range{1800, 1800}));
  EXPECT_EQ(parse_directive("5")->after, (Range{60, 60}));
  EXPECT_EQ(parse_directive("21")->hold, (Range{146, 146}));
  EXPECT_EQ(parse_directive("29")->every, (Range{2, 10}));
}

TEST(Directive, TakesItsParametersInAnyOrderAndSpacing) {
  const auto directive = parse_directive("  22 ;after=3;  for = 1..2.5 ; times=2;");
  ASSERT_TRUE(directive) << directive.error().message;
  EXPECT_EQ(directive->fault, Fault::stall_then_close);
  EXPECT_EQ(directive->after, (Range{3, 3}));
  EXPECT_EQ(directive->hold, (Range{1, 2.5}));
  EXPECT_EQ(directive->times, 2u);
}

TEST(Directive, TakesRetryAfterLimitAndVariant) {
  const auto directive = parse_directive("8; retry_after=1.5; limit=25");
  ASSERT_TRUE(directive);
  EXPECT_EQ(directive->retry_after, 1.5);
  EXPECT_EQ(directive->limit, 25u);
  EXPECT_TRUE(parse_directive("28; variant=byte")->is("byte"));
}

struct Wrong {
  std::string_view text;
  std::string_view message;
};

class WrongDirective : public testing::TestWithParam<Wrong> {};

TEST_P(WrongDirective, IsRefusedWithWhatWouldBeRight) {
  const auto directive = parse_directive(GetParam().text);
  ASSERT_FALSE(directive);
  EXPECT_THAT(directive.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongDirective,
    testing::Values(Wrong{"31", "no fault '31'"}, Wrong{"", "no fault ''"},
                    Wrong{"flood", "dujiang-sim faults"}, Wrong{"7; after=3", "it takes times, retry_after"},
                    Wrong{"19; variant=tcp", "one of its variants: rst, eof"},
                    Wrong{"5; after=soon", "after=soon is not a number"},
                    Wrong{"5; after=-1", "is not a number"}, Wrong{"17; after=5..2", "a range such as 2..10"},
                    Wrong{"29; every=0", "every=0 is not"}, Wrong{"7; times=often", "a whole number"},
                    Wrong{"7; times", "a whole number"}));

TEST(Directive, StandsInAPromptAsOftenAsOneLikes) {
  const auto found = directives_in("Why? [[sim-fault 7; times=1]] and [[sim-fault blank]]");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("no fault 'blank'"));
  const auto both = directives_in("Why? [[sim-fault 7; times=1]] and [[sim-fault garbage]]");
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2u);
  EXPECT_EQ((*both)[0].fault, Fault::busy);
  EXPECT_EQ((*both)[1].fault, Fault::garbage);
}

TEST(Directive, IsRefusedInAPromptWhereItIsNotClosed) {
  EXPECT_FALSE(directives_in("Why? [[sim-fault 7"));
  EXPECT_TRUE(directives_in("What does [[sim-faults do?")->empty());
}

}  // namespace
}  // namespace dujiang::sim
