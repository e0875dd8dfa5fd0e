#include "http/method.hpp"

#include <gtest/gtest.h>

namespace dujiang::http {
namespace {

TEST(Method, MaySendItselfAgainWhereSeveralHaveTheEffectOfOne) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    EXPECT_TRUE(is_idempotent(method)) << method;
  }
  for (const char* method : {"POST", "PATCH", "CONNECT", "get", "LOCK", ""}) {
    EXPECT_FALSE(is_idempotent(method)) << method;
  }
}

}  // namespace
}  // namespace dujiang::http
