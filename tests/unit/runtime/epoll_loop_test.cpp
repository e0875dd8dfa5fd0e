#include "runtime/epoll_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "runtime/os_signals.hpp"

namespace dujiang::runtime {
namespace {

// Two connected sockets.
class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int watched() const { return ends_[0]; }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::send(ends_[1], bytes.data(), bytes.size(), 0), std::ssize(bytes));
  }
  void hang_up() const { ::shutdown(ends_[1], SHUT_WR); }

 private:
  std::array<int, 2> ends_{};
};

class Ear final : public Watcher {
 public:
  std::vector<Readiness> heard;
  std::function<void(Readiness)> then;

  void on_ready(Readiness ready) override {
    heard.push_back(ready);
    if (then) then(ready);
  }
};

// Lets the loop look at the kernel as often as `times`.
void turn(EpollLoop& loop, int times) {
  for (int i = 0; i < times; ++i) {
    loop.post([&loop] { loop.stop(); });
    loop.run();
  }
}

TEST(EpollLoop, TellsOnceWhatHasBecomeReadableUntilItBecomesSoAnew) {
  EpollLoop loop(1);
  const Pair pair;
  Ear ear;
  ASSERT_TRUE(loop.watch(pair.watched(), ear));
  turn(loop, 1);
  ear.heard.clear();
  pair.write("a");
  turn(loop, 3);
  ASSERT_EQ(ear.heard.size(), 1u);
  EXPECT_TRUE(ear.heard[0].readable);
  EXPECT_FALSE(ear.heard[0].ended);
  pair.hang_up();
  turn(loop, 3);
  ASSERT_EQ(ear.heard.size(), 2u);
  EXPECT_TRUE(ear.heard[1].ended);
  loop.unwatch(pair.watched(), ear);
}

TEST(EpollLoop, TellsInEveryTurnWhatIsWantedByLevel) {
  EpollLoop loop(1);
  const Pair pair;
  Ear ear;
  pair.write("a");
  ASSERT_TRUE(loop.watch_level(pair.watched(), ear, EpollLoop::Want::read));
  turn(loop, 3);
  EXPECT_EQ(ear.heard.size(), 3u);
  ASSERT_TRUE(loop.watch_level(pair.watched(), ear, EpollLoop::Want::nothing));
  turn(loop, 3);
  EXPECT_EQ(ear.heard.size(), 3u);
  loop.unwatch(pair.watched(), ear);
}

TEST(EpollLoop, SaysThatAnUnwatchableDescriptorIsOne) {
  EpollLoop loop(1);
  Ear ear;
  EXPECT_FALSE(loop.watch(-1, ear));
  EXPECT_FALSE(loop.watch_level(-1, ear, EpollLoop::Want::read));
}

TEST(EpollLoop, WhoGoesWhileEventsAreToldIsToldNothingMore) {
  EpollLoop loop(1);
  const Pair left;
  const Pair right;
  auto first = std::make_unique<Ear>();
  auto second = std::make_unique<Ear>();
  ASSERT_TRUE(loop.watch(left.watched(), *first));
  ASSERT_TRUE(loop.watch(right.watched(), *second));
  turn(loop, 1);
  // Both have an event in the same look; whoever hears of his first destroys the other one.
  int told = 0;
  const auto end_other = [&](const Pair& pair, std::unique_ptr<Ear>& other) {
    return [&](Readiness) {
      ++told;
      loop.unwatch(pair.watched(), *other);
      other.reset();
    };
  };
  first->then = end_other(right, second);
  second->then = end_other(left, first);
  left.write("a");
  right.write("b");
  turn(loop, 2);
  EXPECT_EQ(told, 1);
}

TEST(EpollLoop, TheClockStandsWithinATurn) {
  EpollLoop loop(1);
  std::vector<base::TimePoint> seen;
  loop.post([&] { seen.push_back(loop.now()); });
  loop.post([&] {
    seen.push_back(loop.now());
    loop.stop();
  });
  loop.run();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], seen[1]);
}

TEST(EpollLoop, TheClockGoesOnWhileTheLoopDoesNotRun) {
  EpollLoop loop(1);
  turn(loop, 1);
  const base::TimePoint ended = loop.now();
  for (int looks = 0; looks < 10'000'000 && loop.now() == ended; ++looks) {
  }
  EXPECT_GT(loop.now(), ended);
}

TEST(OsSignals, TellsTheLoopAndGivesTheSignalBackInTheEnd) {
  EpollLoop loop(1);
  std::vector<int> seen;
  struct sigaction before{};
  ::sigaction(SIGUSR1, nullptr, &before);
  {
    const OsSignals signals(loop, {SIGUSR1, SIGUSR2}, [&](int signal) {
      seen.push_back(signal);
      if (seen.size() == 2) loop.stop();
    });
    ::raise(SIGUSR2);
    ::raise(SIGUSR1);
    loop.run();
  }
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR2, SIGUSR1}));
  struct sigaction after{};
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace dujiang::runtime
