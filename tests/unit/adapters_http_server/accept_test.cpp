#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "adapters/http/server_accept.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr base::TimePoint kStart = base::TimePoint(1000s);

TEST(AcceptPause, is_told_when_it_begins_and_when_it_ends) {
  AcceptPause pause;
  EXPECT_THAT(pause.begin(PauseReason::connections, 85, kStart),
              Optional(HasSubstr("85 connections of callers are open")));
  EXPECT_TRUE(pause.paused());
  EXPECT_EQ(pause.begin(PauseReason::connections, 85, kStart + 50ms), std::nullopt) << "it goes on";
  EXPECT_EQ(pause.end(kStart + 2500ms), "connections are accepted again, after 2.5 s");
  EXPECT_FALSE(pause.paused());
  EXPECT_EQ(pause.end(kStart + 3s), std::nullopt);
}

TEST(AcceptPause, says_what_there_is_no_more_of) {
  EXPECT_THAT(AcceptPause().begin(PauseReason::descriptors, 9, kStart),
              Optional(HasSubstr("no descriptor left: new ones wait until one ends; raise the limit")));
  EXPECT_THAT(AcceptPause().begin(PauseReason::memory, 9, kStart),
              Optional(HasSubstr("no memory left for a connection: new ones wait")));
}

TEST(AcceptPause, one_that_comes_soon_after_another_is_only_counted) {
  AcceptPause pause;
  pause.begin(PauseReason::descriptors, 9, kStart);
  pause.end(kStart + 1s);
  for (int i = 2; i < 10; ++i) {
    EXPECT_EQ(pause.begin(PauseReason::descriptors, 9, kStart + i * 1s), std::nullopt);
    EXPECT_EQ(pause.end(kStart + i * 1s + 100ms), std::nullopt) << "nobody was told of its beginning";
  }
  EXPECT_THAT(pause.begin(PauseReason::descriptors, 9, kStart + AcceptPause::kQuiet),
              Optional(HasSubstr("(it came to that 8 times since it was last told)")));
  EXPECT_NE(pause.end(kStart + 11s), std::nullopt);
}

TEST(AcceptPause, knows_descriptors_from_memory) {
  EXPECT_EQ(pause_reason(EMFILE), PauseReason::descriptors);
  EXPECT_EQ(pause_reason(ENFILE), PauseReason::descriptors);
  EXPECT_EQ(pause_reason(ENOMEM), PauseReason::memory);
  EXPECT_EQ(pause_reason(ENOBUFS), PauseReason::memory);
}

}  // namespace
}  // namespace dujiang::adapters::http
