#include "adapters/log/line_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace dujiang::adapters::log {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kPatienceMs = 20'000;
constexpr std::size_t kMemory = std::size_t{64} << 10;
constexpr LineWriter::Limits kQuick{
    .bytes = kMemory, .gather = 1ms, .retry = 1ms, .finish = std::chrono::seconds(20)};

std::string announcement(std::uint64_t lost, std::string_view why) {
  return "lost " + std::to_string(lost) + " " + std::string(why) + "\n";
}

std::string line(std::size_t number) {
  std::string text = std::to_string(number) + " ";
  text.resize(99, 'x');
  return text + "\n";
}

// A number of a descriptor, behind which the test puts one thing after the other.
class Place {
 public:
  explicit Place(const char* path) : fd_(open(path, O_WRONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error(path);
  }
  explicit Place(int fd) : fd_(fd) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { close(fd_); }
  int fd() const { return fd_; }
  // From now on it is what `other` is.
  void become(int other) const { ASSERT_EQ(dup2(other, fd_), fd_); }

 private:
  int fd_;
};

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reader();
    close_writer();
  }

  int writer() const { return ends_[1]; }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }

  // Reads until `end` has come, or nothing comes any more.
  const std::string& hear_until(std::string_view end) {
    while (heard_.find(end) == std::string::npos && hear_more()) {
    }
    return heard_;
  }
  const std::string& hear_all() {
    while (hear_more()) {
    }
    return heard_;
  }

 private:
  bool hear_more() {
    pollfd descriptor{.fd = ends_[0], .events = POLLIN, .revents = 0};
    if (poll(&descriptor, 1, kPatienceMs) != 1) return false;
    std::array<char, 65536> bytes{};
    const ssize_t n = read(ends_[0], bytes.data(), bytes.size());
    if (n <= 0) return false;
    heard_.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
  }
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) close(std::exchange(ends_[end], -1));
  }

  std::array<int, 2> ends_{};
  std::string heard_;
};

// Appends lines from `count` on until one is lost; how many there are then.
std::size_t append_until_loss(LineWriter& writer, std::size_t count = 0) {
  while (writer.state().lost == 0) writer.append(line(count++));
  return count;
}

void await_failure(const LineWriter& writer) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!writer.state().failing && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  ASSERT_TRUE(writer.state().failing);
}

TEST(LineWriter, writes_all_lines_in_their_order) {
  Pipe pipe;
  std::string all;
  {
    LineWriter writer(pipe.writer(), announcement, kQuick);
    for (std::size_t i = 0; i < 100; ++i) {
      writer.append(line(i));
      all += line(i);
    }
    EXPECT_EQ(writer.state().lost, 0u);
  }
  pipe.close_writer();
  EXPECT_EQ(pipe.hear_all(), all);
}

TEST(LineWriter, writes_a_line_though_no_other_follows_it) {
  Pipe pipe;
  LineWriter writer(pipe.writer(), announcement);
  writer.append("alone\n");
  EXPECT_EQ(pipe.hear_until("\n"), "alone\n");
}

TEST(LineWriter, a_reader_who_does_not_read_holds_nobody_up_and_is_told_what_he_missed) {
  Pipe pipe;
  LineWriter writer(pipe.writer(), announcement, kQuick);
  const std::size_t count = append_until_loss(writer);
  EXPECT_GT(count, kMemory / line(0).size()) << "memory is used up first";
  EXPECT_THAT(pipe.hear_until("lost 1 \n"), EndsWith(line(count - 2) + "lost 1 \n"))
      << "what was kept is whole, and the gap is told of where it is";
  writer.append("afterwards\n");
  EXPECT_THAT(pipe.hear_until("afterwards"), HasSubstr("lost 1 \nafterwards"));
}

TEST(LineWriter, a_full_disk_is_waited_for_and_the_gap_says_why) {
  const Place place("/dev/full");
  Pipe pipe;
  LineWriter writer(place.fd(), announcement, kQuick);
  writer.append(line(0));
  await_failure(writer);
  const std::size_t count = append_until_loss(writer, 1);
  place.become(pipe.writer());
  const std::string heard = pipe.hear_until("No space left on device\n");
  EXPECT_THAT(heard, StartsWith(line(0)));
  writer.append("afterwards\n");
  pipe.hear_until("afterwards\n");
  EXPECT_FALSE(writer.state().failing);
  EXPECT_THAT(heard, EndsWith(line(count - 2) + "lost 1 No space left on device\n"));
  EXPECT_EQ(std::ranges::count(heard, '\n'), static_cast<std::ptrdiff_t>(count));
}

TEST(LineWriter, a_pipe_that_nobody_reads_any_more_kills_nothing_and_is_tried_again) {
  std::signal(SIGPIPE, SIG_DFL);
  Pipe closed;
  closed.close_reader();
  const Place place(dup(closed.writer()));
  Pipe next;
  LineWriter writer(place.fd(), announcement, kQuick);
  writer.append(line(0));
  await_failure(writer);
  const std::size_t count = append_until_loss(writer, 1);
  place.become(next.writer());
  EXPECT_THAT(next.hear_until("Broken pipe\n"), EndsWith(line(count - 2) + "lost 1 Broken pipe\n"));
}

TEST(LineWriter, at_its_end_it_does_not_wait_for_a_reader_for_ever) {
  Pipe pipe;
  LineWriter::Limits limits = kQuick;
  limits.finish = 10ms;
  LineWriter writer(pipe.writer(), announcement, limits);
  append_until_loss(writer);
  writer.finish();
  pipe.close_writer();
  EXPECT_THAT(pipe.hear_all(), StartsWith(line(0)));
}

TEST(LineWriter, at_its_end_a_full_disk_is_not_waited_for) {
  const Place place("/dev/full");
  LineWriter writer(place.fd(), announcement,
                    {.retry = std::chrono::hours(1), .finish = std::chrono::hours(1)});
  writer.append("nowhere\n");
  await_failure(writer);
  writer.finish();
  writer.append("nothing is taken afterwards\n");
  EXPECT_EQ(writer.state().lost, 0u);
}

TEST(LineWriter, a_line_beyond_all_memory_is_lost_and_told_of) {
  Pipe pipe;
  LineWriter writer(pipe.writer(), announcement, kQuick);
  writer.append(std::string(kMemory + 1, 'x'));
  EXPECT_EQ(pipe.hear_until("\n"), "lost 1 \n");
}

TEST(LineWriter, lines_of_many_threads_come_whole_and_each_threads_in_its_order) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 2000;
  Pipe pipe;
  LineWriter writer(pipe.writer(), announcement, {});
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      for (std::size_t i = 0; i < kLines; ++i) writer.append(std::to_string(t) + ":" + line(i));
    });
  }
  std::thread closer([&] {
    for (std::thread& thread : threads) thread.join();
    writer.finish();
    pipe.close_writer();
  });
  std::string_view heard = pipe.hear_all();
  closer.join();
  std::array<std::size_t, kThreads> next{};
  for (std::size_t count = 0; count < kThreads * kLines; ++count) {
    const std::size_t end = heard.find('\n');
    ASSERT_NE(end, std::string_view::npos);
    const std::size_t thread = static_cast<std::size_t>(heard[0] - '0');
    ASSERT_LT(thread, kThreads);
    ASSERT_EQ(heard.substr(2, end - 1), line(next.at(thread)++));
    heard.remove_prefix(end + 1);
  }
  EXPECT_EQ(writer.state().lost, 0u);
}

}  // namespace
}  // namespace dujiang::adapters::log
