#include <gtest/gtest.h>

#include <set>

#include "catalogue.hpp"

namespace dujiang::golden {
namespace {

using provider::to_string;

std::string name(const Fault& fault) { return "row " + std::to_string(fault.row) + ": " + fault.what; }

TEST(FaultCatalogue, EveryEntryIsClassifiedAsTheTableSays) {
  for (const Fault& fault : catalogue()) {
    SCOPED_TRACE(name(fault));
    const provider::Dialect* dialect = provider::find_dialect(fault.dialect);
    ASSERT_NE(dialect, nullptr);
    const testing::ReplayedAttempt attempt(*dialect, fault.script);
    const provider::Classification got = classify(*dialect, attempt.record());
    EXPECT_EQ(to_string(got.verdict), to_string(fault.expected.verdict));
    EXPECT_EQ(to_string(got.billing), to_string(fault.expected.billing));
    EXPECT_EQ(to_string(got.code), to_string(fault.expected.code));
    EXPECT_EQ(got.account_out, fault.expected.account_out);
    EXPECT_EQ(got.learned_limit.value_or(0), fault.expected.learned_limit);
    EXPECT_FALSE(got.larger_context);
    if (fault.expected.caller_status != 0) EXPECT_EQ(got.error.status, fault.expected.caller_status);
  }
}

TEST(FaultCatalogue, HasEveryRow) {
  std::set<int> rows;
  for (const Fault& fault : catalogue()) rows.insert(fault.row);
  for (int row = 1; row <= 30; ++row) EXPECT_TRUE(rows.contains(row)) << "row " << row << " has no entry";
}

TEST(FaultCatalogue, EveryFailureTellsTheCallerWhatHappened) {
  for (const Fault& fault : catalogue()) {
    SCOPED_TRACE(name(fault));
    const provider::Dialect& dialect = *provider::find_dialect(fault.dialect);
    const testing::ReplayedAttempt attempt(dialect, fault.script);
    const provider::Classification got = classify(dialect, attempt.record());
    if (got.verdict == provider::Verdict::success) continue;
    EXPECT_GE(got.error.status, 400);
    EXPECT_LT(got.error.status, 600);
    EXPECT_FALSE(got.error.type.empty());
    EXPECT_FALSE(got.error.code.empty());
    EXPECT_GE(got.error.message.size(), 5u);
    EXPECT_FALSE(got.error.message.contains('<')) << got.error.message;
    EXPECT_FALSE(got.error.should_retry);
  }
}

TEST(FaultCatalogue, RepairedFramingLosesNoByte) {
  for (const Fault& fault : catalogue()) {
    if (fault.row != 28 || !fault.script.body.contains("é€😀") || fault.what.contains("malformed")) continue;
    SCOPED_TRACE(name(fault));
    const testing::ReplayedAttempt attempt(*provider::find_dialect(fault.dialect), fault.script);
    EXPECT_EQ(attempt.content(), "é€😀");
  }
}

}  // namespace
}  // namespace dujiang::golden
