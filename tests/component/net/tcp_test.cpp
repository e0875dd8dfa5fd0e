// Connections and listeners on loopback.
#include "adapters/net/tcp.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/net/listener.hpp"
#include "support/loop_thread.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using testing::LoopThread;
using testing::RawSocket;

SocketAddress loopback(std::uint16_t port) { return SocketAddress::from_ip("127.0.0.1", port).value(); }

// A listener on the loop of `thread`; everything on it is used and destroyed there.
struct Place {
  LoopThread thread;
  std::unique_ptr<Listener> listener =
      thread.call([this] { return Listener::open(thread.loop(), loopback(0)).value(); });
  std::uint16_t port = listener->address().port();

  ~Place() {
    thread.call([this] { listener.reset(); });
  }
  std::unique_ptr<TcpConn> accept() {
    return thread.await<Accepted>([this] { return listener->accept(); }).conn;
  }
};

runtime::Task<std::string> read_until_end(runtime::EpollLoop& loop, std::unique_ptr<TcpConn> conn) {
  std::string text;
  std::array<char, 1000> bytes{};
  while (true) {
    const IoResult result = conn->read(bytes);
    text.append(bytes.data(), result.bytes);
    if (result.status == IoStatus::eof) co_return text + "<eof>";
    if (result.status == IoStatus::reset) co_return text + "<reset>";
    if (result.status != IoStatus::would_block) continue;
    const auto wake = co_await conn->readable().wait(base::after(loop.now(), 20s));
    if (wake == runtime::Wake::timeout) co_return text + "<timeout>";
  }
}

TEST(TcpConn, ReadsWhatComesAndTellsAnEndFromAReset) {
  Place place;
  for (const bool hard : {false, true}) {
    RawSocket peer(place.port);
    auto conn = place.accept();
    ASSERT_TRUE(conn);
    peer.say("hello");
    if (hard) {
      std::string seen;
      place.thread.call([&] {
        std::array<char, 10> bytes{};
        while (seen.size() < 5) seen.append(bytes.data(), conn->read(bytes).bytes);
      });
      peer.reset();
    } else {
      peer.close();
    }
    const std::string text =
        place.thread.await<std::string>([&] { return read_until_end(place.thread.loop(), std::move(conn)); });
    EXPECT_EQ(text, hard ? "<reset>" : "hello<eof>");
  }
}

TEST(TcpConn, WritesTwoBuffersInOrderAndEndsItsSide) {
  Place place;
  RawSocket peer(place.port);
  auto conn = place.accept();
  place.thread.call([&] {
    EXPECT_EQ(conn->write("head ", "body").bytes, 9u);
    EXPECT_EQ(conn->write("", " more").bytes, 5u);
    EXPECT_EQ(conn->write("!").bytes, 1u);
    conn->shutdown_write();
  });
  EXPECT_EQ(peer.take_rest(), "head body more!");
  EXPECT_EQ(peer.end(), RawSocket::End::eof);
  place.thread.call([&] {
    conn->reset();
    conn.reset();
  });
}

TEST(TcpConn, AResetIsSeenByThePeer) {
  Place place;
  RawSocket peer(place.port);
  auto conn = place.accept();
  place.thread.call([&] {
    conn->write("part");
    conn->reset();
    EXPECT_EQ(conn->write("more").status, IoStatus::reset);
    std::array<char, 10> bytes{};
    EXPECT_EQ(conn->read(bytes).status, IoStatus::reset);
    conn.reset();
  });
  peer.take_rest();
  EXPECT_EQ(peer.end(), RawSocket::End::reset);
}

runtime::Task<std::uint64_t> write_until_blocked(runtime::EpollLoop& loop, TcpConn& conn, bool& was_woken) {
  const std::string piece(1 << 20, 'x');
  std::uint64_t total = 0;
  while (true) {
    const IoResult result = conn.write(piece);
    total += result.bytes;
    if (result.status == IoStatus::would_block) break;
  }
  was_woken = co_await conn.writable().wait(base::after(loop.now(), 20s)) == runtime::Wake::signalled;
  co_return total;
}

TEST(TcpConn, AWriterIsWokenWhenThePeerReadsAgain) {
  Place place;
  RawSocket peer(place.port);
  auto conn = place.accept();
  bool was_woken = false;
  std::thread reader([&] {
    std::size_t read = 0;
    while (peer.hear_some() == RawSocket::End::open) read += peer.take(peer.heard().size()).size();
    EXPECT_GT(read, 0u);
  });
  place.thread.await<std::uint64_t>(
      [&] { return write_until_blocked(place.thread.loop(), *conn, was_woken); });
  EXPECT_TRUE(was_woken);
  place.thread.call([&] { conn.reset(); });
  reader.join();
}

TEST(TcpConn, MayGoAwayWhileTheReactorStillWatchesIt) {
  Place place;
  for (int i = 0; i < 50; ++i) {
    RawSocket peer(place.port);
    auto conn = place.accept();
    peer.say("x");
    place.thread.call([&] {
      (void)conn->readable();
      (void)conn->writable();
      conn.reset();
    });
  }
}

std::string connect_outcome(LoopThread& thread, SocketAddress to, base::Duration within) {
  const auto result = thread.await<std::string>([&]() {
    const auto go = [](runtime::EpollLoop& loop, SocketAddress at,
                       base::TimePoint until) -> runtime::Task<std::string> {
      auto conn = co_await connect_tcp(loop, at, until);
      if (conn) co_return "connected";
      constexpr std::array kKinds = {"refused", "unreachable", "timeout", "local"};
      co_return std::string(kKinds[static_cast<std::size_t>(conn.error().kind)]) + ": " +
          conn.error().message;
    };
    return go(thread.loop(), to, base::after(thread.loop().now(), within));
  });
  return result;
}

TEST(ConnectTcp, ConnectsOrSaysWhyNot) {
  Place place;
  EXPECT_EQ(connect_outcome(place.thread, loopback(place.port), 20s), "connected");
  std::uint16_t free_port = 0;
  {
    Place gone;
    free_port = gone.port;
  }
  EXPECT_EQ(connect_outcome(place.thread, loopback(free_port), 20s),
            "refused: 127.0.0.1:" + std::to_string(free_port) + " refuses connections");
}

TEST(ConnectTcp, GivesUpAtItsDeadline) {
  // A listener whose queue is full drops what comes: its kernel answers nothing.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage native{};
  auto* address = reinterpret_cast<sockaddr*>(&native);
  socklen_t size = loopback(0).to_native(*address);
  ASSERT_EQ(::bind(fd, address, size), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  size = sizeof native;
  ASSERT_EQ(::getsockname(fd, address, &size), 0);
  const SocketAddress to = SocketAddress::from_native(*address);
  LoopThread thread;
  const RawSocket fills_it(to.port());
  const std::string outcome = connect_outcome(thread, to, 100ms);
  EXPECT_EQ(outcome, "timeout: " + to.to_string() + " did not answer in time");
  ::close(fd);
}

TEST(Listener, SaysThatAPortIsInUseAndWhatToDo) {
  Place place;
  const std::string message = place.thread.call([&] {
    const auto second = Listener::open(place.thread.loop(), loopback(place.port));
    return second ? std::string() : second.error().message;
  });
  EXPECT_NE(message.find("127.0.0.1:" + std::to_string(place.port)), std::string::npos) << message;
  EXPECT_NE(message.find("in use"), std::string::npos) << message;
  EXPECT_NE(message.find("choose another"), std::string::npos) << message;
}

TEST(Listener, SaysThatAnAddressIsNotOfThisMachine) {
  LoopThread thread;
  const std::string message = thread.call([&] {
    const auto result = Listener::open(thread.loop(), SocketAddress::parse("192.0.2.1:0").value());
    return result ? std::string() : result.error().message;
  });
  EXPECT_NE(message.find("no such address"), std::string::npos) << message;
}

TEST(Listener, BindsIpv6AndReportsItsPort) {
  LoopThread thread;
  thread.call([&] {
    const auto result = Listener::open(thread.loop(), SocketAddress::parse("[::1]:0").value());
    if (!result) return;  // a machine without IPv6
    EXPECT_TRUE((*result)->address().is_ip6());
    EXPECT_NE((*result)->address().port(), 0);
  });
}

TEST(Listener, ACloseEndsAWaitingAccept) {
  Place place;
  std::thread closer([&] {
    std::this_thread::sleep_for(20ms);
    place.thread.call([&] { place.listener->close(); });
  });
  EXPECT_FALSE(place.accept());
  closer.join();
}

// Takes every descriptor that this process may have, until it is destroyed.
class Starvation {
 public:
  Starvation() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = 128;
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::dup(fd)) taken_.push_back(fd);
  }
  Starvation(const Starvation&) = delete;
  Starvation& operator=(const Starvation&) = delete;
  ~Starvation() {
    for (const int fd : taken_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

runtime::Task<void> accept_into(Listener& listener, std::unique_ptr<TcpConn>& into) {
  Accepted accepted = co_await listener.accept();
  into = std::move(accepted.conn);
}

// Accepts a connection that waits already, without descriptors until accept() has missed them `times` times.
runtime::Task<std::unique_ptr<TcpConn>> accept_starved(runtime::EpollLoop& loop, Listener& listener,
                                                       std::uint64_t times, std::uint64_t& starved) {
  std::unique_ptr<TcpConn> conn;
  runtime::Signal missed(loop);
  listener.on_starved([&](int error) {
    EXPECT_EQ(error, EMFILE);
    ++starved;
    missed.notify();
  });
  std::optional<Starvation> starvation;
  if (times > 0) starvation.emplace();
  loop.spawn(accept_into(listener, conn));
  while (starved < times) co_await missed.wait(base::kNever);
  listener.on_starved([](int) {});
  starvation.reset();
  while (!conn) co_await runtime::sleep_until(loop, loop.now() + 5ms);
  co_return conn;
}

TEST(Listener, WithoutDescriptorsItWaitsWithoutSpinningAndGoesOnLater) {
  Place place;
  std::uint64_t starved = 0;
  const auto accept = [&](std::uint64_t times) {
    const RawSocket peer(place.port);
    auto conn = place.thread.await<std::unique_ptr<TcpConn>>(
        [&] { return accept_starved(place.thread.loop(), *place.listener, times, starved); });
    EXPECT_TRUE(conn);
    place.thread.call([&] { conn.reset(); });
  };
  // Once before: the sanitizers want descriptors of their own for code that they see for the first time.
  accept(0);
  const auto begun = std::chrono::steady_clock::now();
  accept(3);
  const auto waited = std::chrono::steady_clock::now() - begun;
  EXPECT_LE(starved, static_cast<std::uint64_t>(waited / 100ms + 1)) << "more than ten tries a second";
}

}  // namespace
}  // namespace dujiang::adapters::net
