#include "policy/deadline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/policy/time.hpp"

namespace dujiang::policy {
namespace {

constexpr route::Clocks kClocks;

Deadline whole(const DeadlineHeaders& headers) {
  return deadline_of(headers, kClocks, false, at(0s)).value();
}
Deadline streamed(const DeadlineHeaders& headers) {
  return deadline_of(headers, kClocks, true, at(0s)).value();
}

TEST(Deadline, WithoutHeadersItIsTheRoutesWithHalfASecondToSpare) {
  EXPECT_EQ(whole({}).until, at(539500ms));
  EXPECT_EQ(streamed({}).until, at(3599500ms));
  EXPECT_EQ(whole({}).silence, std::nullopt);
  EXPECT_EQ(streamed({}).silence, std::nullopt);
}

TEST(Deadline, OfAWholeAnswerIsTheLeastOfAllThatIsSaid) {
  EXPECT_EQ(whole({.stainless_read_timeout = "600"}).until, at(539500ms));
  EXPECT_EQ(whole({.stainless_read_timeout = "30.0"}).until, at(29500ms));
  EXPECT_EQ(whole({.stainless_timeout = "20"}).until, at(19500ms));
  EXPECT_EQ(whole({.dujiang_deadline_ms = "10000", .stainless_read_timeout = "30", .stainless_timeout = "20"})
                .until,
            at(9500ms));
  EXPECT_EQ(whole({.dujiang_deadline_ms = "40000", .stainless_timeout = "20"}).until, at(19500ms));
  EXPECT_EQ(whole({.stainless_timeout = "20"}).silence, std::nullopt);
}

TEST(Deadline, OfAStreamTheSdksValueBoundsSilenceOnly) {
  const Deadline deadline = streamed({.stainless_read_timeout = "30.5"});
  EXPECT_EQ(deadline.until, at(3599500ms));
  EXPECT_EQ(deadline.silence, 30500ms);
  EXPECT_EQ(streamed({.stainless_read_timeout = "600", .stainless_timeout = "20"}).silence, 20s);
}

TEST(Deadline, OfAStreamIsOursIfTheCallerSaysSo) {
  EXPECT_EQ(streamed({.dujiang_deadline_ms = " 60000 "}).until, at(59500ms));
}

TEST(Deadline, AVeryShortOneLeavesHalfOfItself) {
  EXPECT_EQ(whole({.dujiang_deadline_ms = "1000"}).until, at(500ms));
  EXPECT_EQ(whole({.dujiang_deadline_ms = "200"}).until, at(100ms));
}

TEST(Deadline, GarbageFromAnSdkIsPassedOver) {
  for (const char* text : {"None", "", "0", "0.0", "-5", "nan", "inf", "NOT_GIVEN", "12 s", "1e", "0x10"}) {
    EXPECT_EQ(whole({.stainless_read_timeout = text, .stainless_timeout = text}).until, at(539500ms)) << text;
    EXPECT_EQ(streamed({.stainless_read_timeout = text}).silence, std::nullopt) << text;
  }
  EXPECT_EQ(whole({.stainless_read_timeout = "1e300"}).until, at(539500ms));
}

TEST(Deadline, GarbageInOurOwnHeaderIsRefusedWithWhatWouldBeRight) {
  for (const char* text : {"", "abc", "0", "-1", "1.5", "10s", "86400001", "99999999999999999999999", "+5"}) {
    const auto result = deadline_of({.dujiang_deadline_ms = text}, kClocks, false, at(0s));
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().message,
              "x-dujiang-deadline-ms must be a whole number of milliseconds from 1 to 86400000, not \"" +
                  std::string(text) + "\".");
  }
}

TEST(Deadline, TheMessageShowsLittleOfAHostileValue) {
  const std::string hostile = "\x1b[31m\"" + std::string(100'000, 'x');
  const auto result = deadline_of({.dujiang_deadline_ms = hostile}, kClocks, false, at(0s));
  ASSERT_FALSE(result);
  EXPECT_LT(result.error().message.size(), 200u);
  EXPECT_THAT(result.error().message, testing::HasSubstr("\"?[31m?xxx"));
}

}  // namespace
}  // namespace dujiang::policy
