#include "http/date.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace dujiang::http {
namespace {

std::string at(std::int64_t unix_seconds) {
  return format_date(base::WallTime(std::chrono::seconds(unix_seconds)));
}

TEST(Date, IsWrittenAsTheStandardsExample) { EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST(Date, KnowsLeapDaysAndTheEpoch) {
  EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(1709164799), "Wed, 28 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(at(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(Date, IsReadAsItIsWritten) {
  for (const std::int64_t second : {0L, 784111777L, 1709164799L, 1709164800L, 4102444799L}) {
    const auto read = parse_date(at(second));
    ASSERT_TRUE(read) << second;
    EXPECT_EQ(read->time_since_epoch().count(), second);
  }
}

TEST(Date, IsNotReadWhereItIsNone) {
  for (const std::string_view text :
       {"", "yesterday", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

}  // namespace
}  // namespace dujiang::http
