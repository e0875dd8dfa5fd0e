// What a configuration may not change while the gateway serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

using ::testing::HasSubstr;

// What is wrong with replacing `running` by `next`.
std::string refusal(const std::string& running, const std::string& next, const Overrides& overrides = {}) {
  const FakeEnvironment environment;
  const auto before = parse(running + std::string(kLeast), environment.get(), overrides);
  EXPECT_TRUE(before);
  const auto after = parse(next + std::string(kLeast), environment.get(), overrides, &*before);
  return after ? "" : to_text("f.yaml", after.error());
}

TEST(Reloadable, MostOfItIs) {
  EXPECT_EQ(refusal("", "drain: {grace: 1s}\nlog: {level: off}\nlisten: {max_body: 1MiB}\n"), "");
  EXPECT_EQ(refusal("listen: {port: 0}\n", "listen: {port: 0}\n"), "");
}

TEST(Reloadable, AnAddressIsNotAndIsNamedWithItsLine) {
  EXPECT_EQ(refusal("listen: {port: 1}\n", "\nlisten:\n  port: 2\n"),
            "f.yaml:3: listen.port: is `2` now, but the gateway was started with `1`; changing it needs a "
            "restart, and until then nothing else of this file comes into force\n");
  EXPECT_THAT(refusal("listen: {address: 127.0.0.1}\n", "listen: {address: 127.0.0.2}\n"),
              HasSubstr("f.yaml:1: listen.address: is `127.0.0.2` now"));
  EXPECT_THAT(refusal("listen: {port: 1}\n", ""), HasSubstr("listen.port: is `8080` now"));
}

TEST(Reloadable, WhatAListenerIsIsNot) {
  EXPECT_THAT(refusal("listen: {unix: /run/a}\n", "listen: {unix: /run/b}\n"),
              HasSubstr("f.yaml:1: listen.unix: is `/run/b` now, but the gateway was started with `/run/a`"));
  EXPECT_THAT(refusal("listen: {unix: /run/a}\n", "listen: {unix: /run/a, unix_mode: 0600}\n"),
              HasSubstr("listen.unix_mode: is `0600` now"));
  const std::string trusting = "trusted_proxies: [127.0.0.1]";
  EXPECT_THAT(refusal("listen: {" + trusting + "}\n", "listen: {proxy_protocol: true, " + trusting + "}\n"),
              HasSubstr("listen.proxy_protocol: is `true` now"));
  EXPECT_EQ(refusal("", "listen: {" + trusting + ", cors: {origins: [\"*\"]}}\n"), "") << "whom it trusts is";
}

TEST(Reloadable, TheNumberOfLoopsIsNot) {
  EXPECT_THAT(refusal("loops: 2\n", "\nloops: 4\n"), HasSubstr("f.yaml:2: loops: is `4` now"));
}

TEST(Reloadable, ALessOrAMoreOfListenersIsNot) {
  EXPECT_THAT(refusal("listen: {also: [{port: 1}]}\n", ""), HasSubstr("is `0 listeners` now"));
  EXPECT_THAT(refusal("listen: {also: [{port: 1}]}\n", "listen: {also: [{port: 2}]}\n"),
              HasSubstr("f.yaml:1: listen.also[0].port: is `2` now"));
}

TEST(Reloadable, WhatTheCommandLineSaysStaysSaid) {
  EXPECT_EQ(refusal("listen: {port: 1}\n", "listen: {port: 2}\n", {.listen = "127.0.0.1:3"}), "");
}

}  // namespace
}  // namespace dujiang::config
