// Listeners that share an address over several loops, and those that do not.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "adapters/net/listener.hpp"
#include "runtime/task.hpp"
#include "support/loop_thread.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::adapters::net {
namespace {

using testing::LoopThread;
using testing::RawSocket;

SocketAddress loopback(std::uint16_t port) { return SocketAddress::from_ip("127.0.0.1", port).value(); }

runtime::Task<bool> accepts(Listener& listener) {
  const Accepted accepted = co_await listener.accept();
  co_return accepted.conn != nullptr;
}

TEST(SharedListener, DealsConnectionsOutAmongItsLoops) {
  LoopThread thread;
  auto first = thread.call(
      [&] { return Listener::open(thread.loop(), loopback(0), Listener::Sharing::shared).value(); });
  auto second = thread.call([&] { return Listener::open_beside(thread.loop(), *first).value(); });
  const std::uint16_t port = first->address().port();
  EXPECT_EQ(second->address().port(), port);
  // With one left, all come to it: so each is one that connections can come to.
  for (auto* closed : {&first, &second}) {
    auto& open = closed == &first ? second : first;
    thread.call([&] { closed->reset(); });
    const RawSocket caller(port);
    EXPECT_TRUE(thread.await<bool>([&] { return accepts(*open); }));
    if (closed == &first) {
      first = thread.call([&] { return Listener::open_beside(thread.loop(), *second).value(); });
    }
  }
  thread.call([&] { first.reset(); });
}

TEST(SharedListener, RefusesAnAddressThatAnotherSharedOneHas) {
  LoopThread thread;
  auto theirs = thread.call(
      [&] { return Listener::open(thread.loop(), loopback(0), Listener::Sharing::shared).value(); });
  for (const auto sharing : {Listener::Sharing::alone, Listener::Sharing::shared}) {
    const auto ours = thread.call([&] { return Listener::open(thread.loop(), theirs->address(), sharing); });
    ASSERT_FALSE(ours);
    EXPECT_NE(ours.error().message.find("in use by another program"), std::string::npos)
        << ours.error().message;
  }
  thread.call([&] { theirs.reset(); });
}

TEST(Listener, ThatIsNotSharedIsHeldByAllLoopsTogether) {
  LoopThread thread;
  auto first = thread.call([&] { return Listener::open(thread.loop(), loopback(0)).value(); });
  auto second = thread.call([&] { return Listener::open_beside(thread.loop(), *first).value(); });
  const std::uint16_t port = first->address().port();
  for (auto* takes : {&first, &second}) {
    const RawSocket caller(port);
    EXPECT_TRUE(thread.await<bool>([&] { return accepts(**takes); }));
  }
  // The socket lives for as long as one of them.
  thread.call([&] { first.reset(); });
  const RawSocket caller(port);
  EXPECT_TRUE(thread.await<bool>([&] { return accepts(*second); }));
  thread.call([&] { second.reset(); });
}

}  // namespace
}  // namespace dujiang::adapters::net
