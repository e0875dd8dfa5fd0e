#include "http/status.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dujiang::http {
namespace {

TEST(ReasonPhrase, IsKnownForWhatAGatewayAnswers) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
}

TEST(ReasonPhrase, IsEmptyForOtherStatuses) {
  for (const int status : {0, 99, 299, 418, 529, 999}) EXPECT_EQ(reason_phrase(status), "");
}

TEST(ReasonPhrase, TheTableIsInOrder) {
  EXPECT_TRUE(std::ranges::is_sorted(detail::kPhrases, {}, &detail::Phrase::status));
}

}  // namespace
}  // namespace dujiang::http
