#include <gtest/gtest.h>

#include "adapters/http/client_stale.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;
using ports::IoFailure;

constexpr DeadConnection kDied{
    .failure = IoFailure::reset, .was_kept = true, .answered = false, .written = 100, .since_sent = 5ms};

TEST(Stale, IsAKeptConnectionThatEndsAtOnceWithoutAnAnswer) {
  EXPECT_TRUE(is_stale(kDied));
  DeadConnection closed = kDied;
  closed.failure = IoFailure::closed;
  EXPECT_TRUE(is_stale(closed));
}

TEST(Stale, IsNotOneThatWasOpenedForTheRequest) {
  DeadConnection fresh = kDied;
  fresh.was_kept = false;
  EXPECT_FALSE(is_stale(fresh));
  fresh.written = 0;
  EXPECT_FALSE(is_stale(fresh));
}

TEST(Stale, IsNotOneThatBeganToAnswer) {
  DeadConnection answered = kDied;
  answered.answered = true;
  EXPECT_FALSE(is_stale(answered));
}

TEST(Stale, IsNotOneThatSpokeNoHttp) {
  DeadConnection garbage = kDied;
  garbage.failure = IoFailure::protocol;
  EXPECT_FALSE(is_stale(garbage));
}

TEST(Stale, IsNotOneOnWhichTheRequestMayHaveBeenServed) {
  DeadConnection late = kDied;
  late.since_sent = kStaleWindow;
  EXPECT_TRUE(is_stale(late));
  late.since_sent = kStaleWindow + 1ns;
  EXPECT_FALSE(is_stale(late));
  late.written = 0;
  EXPECT_TRUE(is_stale(late)) << "nothing was sent, so nothing can have been served";
}

TEST(Stale, ObeysARequestThatMustNotBeRepeatedUnlessNothingWasSent) {
  DeadConnection forbidden = kDied;
  forbidden.may_repeat_sent = false;
  EXPECT_FALSE(is_stale(forbidden));
  forbidden.written = 0;
  EXPECT_TRUE(is_stale(forbidden));
}

}  // namespace
}  // namespace dujiang::adapters::http
