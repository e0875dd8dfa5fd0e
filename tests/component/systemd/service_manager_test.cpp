// What a service manager hears, over a real datagram socket.
#include "adapters/systemd/service_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "adapters/systemd/watchdog.hpp"
#include "runtime/virtual_loop.hpp"

namespace dujiang::adapters::systemd {
namespace {

using namespace std::chrono_literals;

// The receiving end, on an abstract address that the kernel picks.
class Ear {
 public:
  Ear() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un any{};
    any.sun_family = AF_UNIX;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof(sa_family_t)), 0);
    socklen_t length = sizeof any;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &length), 0);
    name_ = "@" + std::string(any.sun_path + 1, length - sizeof(sa_family_t) - 1);
  }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;
  ~Ear() { close(fd_); }

  const std::string& name() const { return name_; }

  // The next message, or "" where none is there.
  std::string heard() const {
    std::array<char, 256> message{};
    const ssize_t length = recv(fd_, message.data(), message.size(), 0);
    return length < 0 ? "" : std::string(message.data(), static_cast<std::size_t>(length));
  }

  // How many messages are there, all of which must be `expected`.
  int count(std::string_view expected) const {
    int heard = 0;
    for (std::string message = this->heard(); !message.empty(); message = this->heard()) {
      EXPECT_EQ(message, expected);
      ++heard;
    }
    return heard;
  }

 private:
  int fd_;
  std::string name_;
};

TEST(ServiceManagerTest, it_hears_of_each_state_with_its_status) {
  const Ear ear;
  const ServiceManager manager(ear.name(), std::nullopt);
  manager.ready("serving");
  EXPECT_EQ(ear.heard(), "READY=1\nSTATUS=serving");
  manager.reloading(base::TimePoint(1'500us));
  EXPECT_EQ(ear.heard(), "RELOADING=1\nMONOTONIC_USEC=1500");
  manager.reloaded();
  EXPECT_EQ(ear.heard(), "READY=1");
  manager.stopping("draining");
  EXPECT_EQ(ear.heard(), "STOPPING=1\nSTATUS=draining");
}

TEST(ServiceManagerTest, a_status_cannot_smuggle_in_another_line) {
  const Ear ear;
  ServiceManager(ear.name(), std::nullopt).ready("fine\nMAINPID=1");
  EXPECT_EQ(ear.heard(), "READY=1\nSTATUS=fine MAINPID=1");
}

TEST(ServiceManagerTest, the_environment_is_read_and_taken_away) {
  const Ear ear;
  setenv("NOTIFY_SOCKET", ear.name().c_str(), 1);
  setenv("WATCHDOG_USEC", "20000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  const ServiceManager manager = ServiceManager::from_environment();
  manager.ready("");
  EXPECT_EQ(ear.heard(), "READY=1\nSTATUS=");
  EXPECT_EQ(manager.watchdog(), 20s);
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST(ServiceManagerTest, a_watchdog_that_is_for_another_process_or_nonsense_is_none) {
  for (const auto& [interval, pid] : {std::pair{"1000000", "1"}, {"-5", ""}, {"soon", ""}, {"0", ""}}) {
    setenv("WATCHDOG_USEC", interval, 1);
    setenv("WATCHDOG_PID", pid, 1);
    EXPECT_EQ(ServiceManager::from_environment().watchdog(), std::nullopt) << interval << " " << pid;
  }
}

TEST(ServiceManagerTest, nobody_who_listens_is_no_trouble) {
  ServiceManager().ready("to nobody");
  ServiceManager("/nowhere/notify", std::nullopt).alive();
  ServiceManager(std::string(4096, 'x'), std::nullopt).alive();
}

TEST(WatchdogTest, the_loop_says_twice_per_interval_that_it_turns) {
  const Ear ear;
  const ServiceManager manager(ear.name(), 10s);
  runtime::VirtualLoop loop(1);
  const Watchdog watchdog(loop, {}, manager);
  loop.run_for(11s);
  EXPECT_EQ(ear.count("WATCHDOG=1"), 3);  // at 0, 5 and 10 s
}

TEST(WatchdogTest, where_one_of_several_loops_hangs_it_falls_silent) {
  const Ear ear;
  const ServiceManager manager(ear.name(), 10s);
  runtime::VirtualLoop first(1);
  runtime::VirtualLoop second(2);
  runtime::VirtualLoop third(3);
  const Watchdog watchdog(first, {&second, &third}, manager);
  runtime::VirtualLoop::run_together({&first, &second, &third}, first.now() + 11s);
  EXPECT_EQ(ear.count("WATCHDOG=1"), 3);
  runtime::VirtualLoop::run_together({&first, &second}, first.now() + 60s);
  EXPECT_EQ(ear.heard(), "") << "the third one hangs";
  runtime::VirtualLoop::run_together({&first, &second, &third}, first.now() + 10s);
  EXPECT_EQ(ear.count("WATCHDOG=1"), 3) << "one for the answer that was missing, two for another 10 s";
}

TEST(WatchdogTest, answers_that_come_after_its_end_are_nothing_to_it) {
  const Ear ear;
  const ServiceManager manager(ear.name(), 10s);
  runtime::VirtualLoop first(1);
  runtime::VirtualLoop second(2);
  {
    const Watchdog watchdog(first, {&second}, manager);
    first.run_for(1s);
  }
  runtime::VirtualLoop::run_together({&first, &second}, first.now() + 60s);
  EXPECT_EQ(ear.heard(), "");
}

TEST(WatchdogTest, it_is_silent_where_nobody_watches) {
  const Ear ear;
  const ServiceManager manager(ear.name(), std::nullopt);
  runtime::VirtualLoop loop(1);
  const Watchdog watchdog(loop, {}, manager);
  loop.run_for(60s);
  EXPECT_EQ(ear.heard(), "");
}

}  // namespace
}  // namespace dujiang::adapters::systemd
