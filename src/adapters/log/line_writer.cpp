#include "adapters/log/line_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace dujiang::adapters::log {
namespace {

constexpr std::size_t kFullBatch = std::size_t{64} << 10;  // is written without gathering more
constexpr int kPollMs = 100;

bool is_regular_file(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// A thread that no signal is delivered to: handlers run where the program expects them, and a pipe without a
// reader is an error of write().
template <class Run>
std::thread start_without_signals(Run run) {
  sigset_t all{};
  sigset_t before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(run));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

// What the appenders share with the writing thread.
class LineWriter::State {
 public:
  State(int fd, Announce announce, Limits limits)
      : fd_(fd), announce_(std::move(announce)), limits_(limits), is_file_(is_regular_file(fd)) {}

  void append(std::string_view line) {
    const std::scoped_lock lock(mutex_);
    if (finishing_) return;
    if (waiting_.size() + in_hand_ + line.size() > limits_.bytes) {
      ++lost_;
      if (untold_++ == 0) changed_.notify_all();
      return;
    }
    const std::size_t before = waiting_.size();
    tell_losses();
    waiting_ += line;
    if (before == 0 || (before < kFullBatch && waiting_.size() >= kFullBatch)) changed_.notify_all();
  }

  ports::LogState state() const {
    const std::scoped_lock lock(mutex_);
    return {.lost = lost_, .failing = !why_.empty()};
  }

  // False where the thread has not come to its end in time.
  bool finish() {
    std::unique_lock lock(mutex_);
    finishing_ = true;
    give_up_at_ = std::chrono::steady_clock::now() + limits_.finish;
    changed_.notify_all();
    return ended_.wait_until(lock, give_up_at_ + std::chrono::milliseconds(2 * kPollMs),
                             [this] { return has_ended_; });
  }

  void run() {
    std::string batch;
    while (take(batch) && put(batch)) {
    }
    const std::scoped_lock lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
  }

 private:
  // Waits for lines; false when there will be none.
  bool take(std::string& batch) {
    std::unique_lock lock(mutex_);
    in_hand_ = 0;
    if (untold_ == 0) why_.clear();
    changed_.wait(lock, [this] { return !waiting_.empty() || untold_ > 0 || finishing_; });
    changed_.wait_for(lock, limits_.gather, [this] { return waiting_.size() >= kFullBatch || finishing_; });
    tell_losses();
    why_.clear();
    batch.clear();
    batch.swap(waiting_);
    in_hand_ = batch.size();
    return !batch.empty();
  }

  // Where the lost ones would stand. Called with the lock held.
  void tell_losses() {
    if (untold_ > 0) waiting_ += announce_(std::exchange(untold_, 0), why_);
  }

  // Writes all of it, however long that takes; false when that is too long at the end.
  bool put(std::string_view rest) {
    while (!rest.empty()) {
      // Of a pipe that poll() calls writable this much is taken without waiting for its reader.
      if (!is_file_ && !is_writable()) {
        if (must_give_up()) return false;
        continue;
      }
      const ssize_t n =
          ::write(fd_, rest.data(), is_file_ ? rest.size() : std::min<std::size_t>(rest.size(), PIPE_BUF));
      if (n >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EINTR && !pause_after(errno)) {
        return false;
      }
    }
    return true;
  }

  bool is_writable() const {
    pollfd descriptor{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&descriptor, 1, kPollMs) == 1;
  }

  bool must_give_up() const {
    const std::scoped_lock lock(mutex_);
    return finishing_ && std::chrono::steady_clock::now() >= give_up_at_;
  }

  // False when it is not worth another try.
  bool pause_after(int error) {
    std::unique_lock lock(mutex_);
    why_ = std::generic_category().message(error);
    if (finishing_) return false;
    changed_.wait_for(lock, limits_.retry, [this] { return finishing_; });
    return true;
  }

  const int fd_;
  const Announce announce_;
  const Limits limits_;
  const bool is_file_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // for the thread
  std::condition_variable ended_;
  std::string waiting_;
  std::size_t in_hand_ = 0;  // bytes that the thread has taken and not yet written
  std::uint64_t lost_ = 0;
  std::uint64_t untold_ = 0;  // of these: not yet announced
  std::string why_;           // the last write failed; empty when it went well
  std::chrono::steady_clock::time_point give_up_at_{};
  bool finishing_ = false;
  bool has_ended_ = false;

  friend class LineWriter;
  std::thread thread_;
};

LineWriter::LineWriter(int fd, Announce announce) : LineWriter(fd, std::move(announce), Limits()) {}

LineWriter::LineWriter(int fd, Announce announce, Limits limits)
    : state_(std::make_shared<State>(fd, std::move(announce), limits)) {
  state_->thread_ = start_without_signals([state = state_] { state->run(); });
}

LineWriter::~LineWriter() { finish(); }

void LineWriter::append(std::string_view line) { state_->append(line); }

ports::LogState LineWriter::state() const { return state_->state(); }

void LineWriter::finish() {
  if (!state_->thread_.joinable()) return;
  if (state_->finish()) {
    state_->thread_.join();
  } else {
    state_->thread_.detach();
  }
}

}  // namespace dujiang::adapters::log
