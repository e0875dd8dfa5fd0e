#include "runtime/asio_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <utility>

namespace dujiang::runtime {
namespace {

std::uint64_t seed_or_entropy(std::uint64_t seed) {
  if (seed != 0) return seed;
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

class AsioLoop::Impl {
 public:
  explicit Impl(AsioLoop& loop) : loop_(loop) {}

  // Sleeps until `at`, unless a turn comes sooner anyway.
  void schedule(base::TimePoint at) {
    if (at <= scheduled_) {
      if (at <= base::TimePoint::clock::now()) {
        if (turn_posted_) return;
        turn_posted_ = true;
        boost::asio::post(context_, [this] {
          turn_posted_ = false;
          turn();
        });
        return;
      }
      if (at == scheduled_) return;
    } else if (scheduled_ != base::kNever) {
      return;
    }
    scheduled_ = at;
    timer_.expires_at(std::chrono::time_point_cast<base::TimePoint::clock::duration>(at));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      scheduled_ = base::kNever;
      turn();
    });
  }

  void turn() {
    loop_.fire_due();
    if (loop_.next_timer() != base::kNever) schedule(loop_.next_timer());
  }

  AsioLoop& loop_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::steady_timer timer_{context_};
  base::TimePoint scheduled_ = base::kNever;
  bool turn_posted_ = false;
};

AsioLoop::AsioLoop(std::uint64_t seed) : Loop(seed_or_entropy(seed)), impl_(std::make_unique<Impl>(*this)) {}

AsioLoop::~AsioLoop() { drop_tasks(); }

base::TimePoint AsioLoop::now() const { return base::TimePoint::clock::now(); }

base::WallTime AsioLoop::wall_now() const { return base::WallTime::clock::now(); }

void AsioLoop::run() { impl_->context_.run(); }

void AsioLoop::stop() { impl_->context_.stop(); }

void AsioLoop::post(std::move_only_function<void()> work) {
  boost::asio::post(impl_->context_, std::move(work));
}

boost::asio::io_context& AsioLoop::context() { return impl_->context_; }

void AsioLoop::next_timer_changed() { impl_->schedule(next_timer()); }

}  // namespace dujiang::runtime
