#include <gtest/gtest.h>

#include <chrono>

#include "provider/classify.hpp"

namespace dujiang::provider {
namespace {

using namespace std::chrono_literals;

const base::WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 6) + 8h + 49min + 37s;

std::optional<base::Duration> read(const http::Headers& headers) { return read_retry_after(headers, kNow); }

TEST(RetryAfter, TakesSecondsMillisecondsAndDates) {
  EXPECT_EQ(read({{"Retry-After", "3"}}), 3s);
  EXPECT_EQ(read({{"retry-after", " 1.5 "}}), 1500ms);
  EXPECT_EQ(read({{"retry-after", "0"}}), 0s);
  EXPECT_EQ(read({{"retry-after-ms", "250"}}), 250ms);
  EXPECT_EQ(read({{"retry-after", "9"}, {"retry-after-ms", "250"}}), 250ms);
  EXPECT_EQ(read({{"retry-after", "9"}, {"retry-after-ms", "soon"}}), 9s);
  EXPECT_EQ(read({{"retry-after", "Fri, 06 Nov 2026 08:50:07 GMT"}}), 30s);
  EXPECT_EQ(read({{"retry-after", "Fri, 06 Nov 2026 08:00:00 GMT"}}), 0s);
  EXPECT_EQ(read({{"retry-after", "Mon, 01 Jan 0001 00:00:00 GMT"}}), 0s);
}

TEST(RetryAfter, IgnoresWhatNoServerCanMean) {
  for (const char* text :
       {"", "soon", "-1", "nan", "inf", "1e99", "99999999", "3 seconds", "Fri, 06 Nov 2026 08:50:07",
        "Fri, 06 Foo 2026 08:50:07 GMT", "Fri, 31 Feb 2026 08:50:07 GMT", "Fri, 06 Nov 2036 08:50:07 GMT",
        "Wed, 21 Oct 7577 07:20:00 GMT", "Fri, 06 Nov 2026 08:50:61 GMT", "Fri, 06 Nov 2026 08:-5:07 GMT",
        "Fri, 06 Nov -999 08:50:07 GMT", "xxxxxxxxxxxxxxxxxxxxxxxxx GMT"}) {
    EXPECT_EQ(read({{"retry-after", text}}), std::nullopt) << text;
  }
  EXPECT_EQ(read({}), std::nullopt);
}

}  // namespace
}  // namespace dujiang::provider
