#include "adapters/net/happy_eyeballs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dujiang::adapters::net {
namespace {

std::vector<SocketAddress> addresses(std::initializer_list<const char*> texts) {
  std::vector<SocketAddress> list;
  for (const char* text : texts) list.push_back(SocketAddress::from_ip(text, 0).value());
  return list;
}

TEST(HappyEyeballs, TriesTheFamiliesByTurnsBeginningWithTheFirst) {
  EXPECT_EQ(by_turns(addresses({"fd00::1", "fd00::2", "fd00::3", "10.0.0.1", "10.0.0.2"})),
            addresses({"fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2", "fd00::3"}));
  EXPECT_EQ(by_turns(addresses({"10.0.0.1", "fd00::1", "fd00::2"})),
            addresses({"10.0.0.1", "fd00::1", "fd00::2"}));
}

TEST(HappyEyeballs, KeepsTheOrderWithinOneFamily) {
  EXPECT_EQ(by_turns(addresses({"10.0.0.2", "10.0.0.1"})), addresses({"10.0.0.2", "10.0.0.1"}));
}

}  // namespace
}  // namespace dujiang::adapters::net
