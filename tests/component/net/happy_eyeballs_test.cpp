// Several addresses of one name, on loopback.
#include "adapters/net/happy_eyeballs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "adapters/net/listener.hpp"
#include "support/run.hpp"
#include "support/silent_listener.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

SocketAddress address(const char* text, std::uint16_t port = 0) {
  return SocketAddress::from_ip(text, port).value();
}

AddressList list(std::initializer_list<const char*> texts) {
  auto result = std::make_shared<std::vector<SocketAddress>>();
  for (const char* text : texts) result->push_back(address(text));
  return result;
}

class HappyEyeballsTest : public ::testing::Test {
 protected:
  TcpConnected connect(AddressList addresses, std::uint16_t port, base::Duration within) {
    return testing::run(loop_, connect_first(loop_, std::move(addresses), port, loop_.now() + within));
  }

  runtime::EpollLoop loop_{1};
};

TEST_F(HappyEyeballsTest, AnAddressThatSwallowsPacketsHoldsUpNobody) {
  const testing::SilentListener silent;
  const auto live = Listener::open(loop_, address("127.0.0.2", silent.port())).value();
  // Waiting for the silent one would take an hour.
  const TcpConnected conn = connect(list({"127.0.0.1", "127.0.0.2"}), silent.port(), 1h);
  ASSERT_TRUE(conn) << conn.error().message;
  EXPECT_NE((*conn)->socket().fd(), -1);
}

TEST_F(HappyEyeballsTest, TheAttemptsThatLostEndAtOnce) {
  const testing::SilentListener silent;
  const auto live = Listener::open(loop_, address("127.0.0.2", silent.port())).value();
  ASSERT_TRUE(connect(list({"127.0.0.1", "127.0.0.2"}), silent.port(), 1h));
  while (loop_.live_tasks() > 0) testing::run(loop_, runtime::sleep_until(loop_, loop_.now()));
}

TEST_F(HappyEyeballsTest, OneThatRefusesIsFollowedByTheNext) {
  const auto live = Listener::open(loop_, address("127.0.0.3")).value();
  EXPECT_TRUE(connect(list({"127.0.0.1", "127.0.0.2", "127.0.0.3"}), live->address().port(), 1h));
}

TEST_F(HappyEyeballsTest, WhereAllFailEachIsNamed) {
  std::uint16_t port = 0;
  {
    port = Listener::open(loop_, address("127.0.0.1")).value()->address().port();
  }
  const TcpConnected conn = connect(list({"127.0.0.1", "127.0.0.2"}), port, 1h);
  ASSERT_FALSE(conn);
  EXPECT_EQ(conn.error().kind, ConnectFailure::Kind::refused);
  EXPECT_THAT(conn.error().message, HasSubstr("127.0.0.1:"));
  EXPECT_THAT(conn.error().message, HasSubstr("127.0.0.2:"));
}

TEST_F(HappyEyeballsTest, WhereAllAreSilentTheTimeEndsThem) {
  const testing::SilentListener silent;
  const TcpConnected conn = connect(list({"127.0.0.1", "127.0.0.1"}), silent.port(), 50ms);
  ASSERT_FALSE(conn);
  EXPECT_EQ(conn.error().kind, ConnectFailure::Kind::timeout);
}

}  // namespace
}  // namespace dujiang::adapters::net
