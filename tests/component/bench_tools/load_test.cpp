#include "benchmarks/tools/load.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "benchmarks/tools/talk.hpp"
#include "benchmarks/tools/upstream.hpp"
#include "support/certificates.hpp"

namespace dujiang::bench {
namespace {

constexpr Nanoseconds kTurn = 5 * kMillisecond;
constexpr Nanoseconds kPatience = 60 * kSecond;

/// The upstream on a thread of its own.
class RunningUpstream {
 public:
  RunningUpstream(ssl_ctx_st* tls, std::size_t events)
      : listener_(listen_on_loopback()), upstream_(listener_, tls, events, kMillisecond), thread_([this] {
          while (!is_over_) upstream_.serve(now() + kTurn);
        }) {}
  ~RunningUpstream() {
    is_over_ = true;
    thread_.join();
    close(listener_);
  }
  RunningUpstream(const RunningUpstream&) = delete;
  RunningUpstream& operator=(const RunningUpstream&) = delete;

  std::uint16_t port() const { return port_of(listener_); }

 private:
  int listener_;
  std::atomic<bool> is_over_ = false;
  Upstream upstream_;
  std::thread thread_;
};

/// A server that gives each connection these bytes for its first request.
class CannedServer {
 public:
  explicit CannedServer(std::string bytes)
      : bytes_(std::move(bytes)), listener_(listen_on_loopback()), thread_([this] { serve(); }) {}
  ~CannedServer() {
    is_over_ = true;
    thread_.join();
    close(listener_);
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::uint16_t port() const { return port_of(listener_); }

 private:
  void serve() {
    Poller poller;
    poller.add(listener_, EPOLLIN, 0);
    while (!is_over_) {
      if (poller.wait(now() + kTurn).empty()) continue;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      char request[4096];
      if (recv(fd, request, sizeof request, 0) > 0) send(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
      close(fd);
    }
  }

  std::string bytes_;
  int listener_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

/// Drives the load until `is_enough`; false if that takes too long.
template <class IsEnough>
bool drive(Load& load, IsEnough is_enough) {
  for (const Nanoseconds end = now() + kPatience; !is_enough();) {
    if (now() > end) return false;
    load.fleet().turn(std::min(load.act(now()), now() + kTurn));
  }
  return true;
}

bool is_good(const Measure& measure) { return measure.bad_so_far() == 0; }

TEST(Load, EveryConnectionIsServedOnceBeforeItIsReady) {
  const RunningUpstream upstream(nullptr, 1);
  Measure measure({}, 0);
  RequestLoad load({.port = upstream.port()}, 50, RequestLoad::Pace::once, 0, measure);
  ASSERT_TRUE(drive(load, [&] { return load.is_ready(); }));
  load.start(now());
  EXPECT_EQ(measure.good_so_far(), 50U);
  EXPECT_TRUE(is_good(measure)) << measure.json("requests");
}

TEST(Load, AScheduleMakesAsManyRequestsAsItSays) {
  const RunningUpstream upstream(nullptr, 1);
  Measure measure({}, 0);
  RequestLoad load({.port = upstream.port()}, 2, RequestLoad::Pace::scheduled, kSecond, measure);
  ASSERT_TRUE(drive(load, [&] { return load.is_ready(); }));
  measure.begin();
  // It should have begun 9.5 seconds ago: ten are due, on two connections, and the first is that late.
  load.start(now() - 9 * kSecond - kSecond / 2);
  ASSERT_TRUE(drive(load, [&] { return measure.good_so_far() == 12; }));
  measure.end();
  const std::string figures = measure.json("requests");
  EXPECT_TRUE(figures.starts_with(R"({"requests":10,)")) << figures;
  const std::string name = R"("max_us":)";
  EXPECT_GE(std::stod(figures.substr(figures.find(name) + name.size())), 9.5e6) << figures;
  EXPECT_TRUE(is_good(measure)) << figures;
}

TEST(Load, StreamsAreReadToTheirEndsAndBegunAgain) {
  const RunningUpstream upstream(nullptr, 5);
  Measure measure({}, 0);
  StreamLoad load({.port = upstream.port()}, 10, kMillisecond, 5, measure);
  constexpr std::size_t kEventsOfThreeEach = 150;
  ASSERT_TRUE(drive(load, [&] { return load.is_ready() && measure.good_so_far() > kEventsOfThreeEach; }));
  EXPECT_TRUE(is_good(measure)) << measure.json("events");
}

TEST(Load, AStreamWithFewerEventsThanItShouldHaveIsBad) {
  const RunningUpstream upstream(nullptr, 5);
  Measure measure({}, 0);
  StreamLoad load({.port = upstream.port()}, 1, kMillisecond, 6, measure);
  EXPECT_TRUE(drive(load, [&] { return !is_good(measure); }));
  EXPECT_EQ(measure.first_bad(), "a stream without its end");
}

TEST(Load, SpeaksTlsOnBothSides) {
  const auto authority = testing::make_authority("authority");
  const auto leaf = testing::make_leaf(authority);
  const testing::TemporaryFile ca(authority.certificate), certificate(leaf.certificate), key(leaf.key);
  const TlsContext server = tls_server(certificate.path(), key.path());
  const TlsContext client = tls_client(ca.path());
  const RunningUpstream upstream(server.get(), 3);
  Measure measure({}, 0);
  RequestLoad requests({.port = upstream.port(), .tls = client.get()}, 20, RequestLoad::Pace::once, 0,
                       measure);
  EXPECT_TRUE(drive(requests, [&] { return requests.is_ready(); }));
  StreamLoad streams({.port = upstream.port(), .tls = client.get()}, 20, kMillisecond, 3, measure);
  EXPECT_TRUE(drive(streams, [&] { return streams.is_ready(); }));
  EXPECT_TRUE(is_good(measure)) << measure.json("requests");
}

TEST(Load, ACertificateOfAnotherAuthorityIsNotTrusted) {
  const auto leaf = testing::make_leaf(testing::make_authority("one"));
  const testing::TemporaryFile certificate(leaf.certificate), key(leaf.key);
  const testing::TemporaryFile ca(testing::make_authority("another").certificate);
  const TlsContext server = tls_server(certificate.path(), key.path());
  const TlsContext client = tls_client(ca.path());
  const RunningUpstream upstream(server.get(), 1);
  Measure measure({}, 0);
  RequestLoad load({.port = upstream.port(), .tls = client.get()}, 1, RequestLoad::Pace::once, 0, measure);
  EXPECT_TRUE(drive(load, [&] { return !is_good(measure); }));
  EXPECT_FALSE(load.is_ready());
}

TEST(Load, WhateverIsNotTheAnswerIsBad) {
  const std::string head = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", chat_answer().size());
  std::string changed = chat_answer();
  changed[300] ^= 1;
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status 500"},
      {head + changed, "other bytes"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "other bytes"},
      {head + chat_answer() + "x", "bytes behind the answer"},
      {"SSH-2.0\r\n", "not HTTP"},
      {head + chat_answer().substr(1), "closed"},
  };
  for (const auto& [bytes, why] : cases) {
    const CannedServer server(bytes);
    Measure measure({}, 0);
    RequestLoad load({.port = server.port()}, 1, RequestLoad::Pace::once, 0, measure);
    EXPECT_TRUE(drive(load, [&] { return !is_good(measure); })) << why;
    EXPECT_EQ(measure.first_bad(), why);
  }
}

}  // namespace
}  // namespace dujiang::bench
