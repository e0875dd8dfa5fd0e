#include "app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "adapters/http/server_buffer.hpp"
#include "adapters/metrics/process.hpp"
#include "app/entrances.hpp"
#include "app/process.hpp"
#include "app/version.hpp"
#include "ports/metric_catalog.hpp"
#include "runtime/elsewhere.hpp"

namespace dujiang::app {
namespace {

using ports::Metric;

// How long a handler may take to see that its caller is gone.
constexpr base::Duration kCutWithin = std::chrono::seconds(2);

// The ring of a configuration; the rates of keys that `before` has too go on.
CallerGate::Keys key_ring(const config::Config& config, const CallerGate::Keys& before) {
  if (!config.caller_keys) return nullptr;
  return std::make_shared<const adapters::keys::KeyRing>(config.caller_keys->keys, before.get());
}

}  // namespace

base::Result<std::unique_ptr<App>> App::make(runtime::EpollLoop& loop, config::Config config,
                                             ports::AccessLog& log) {
  std::unique_ptr<App> app(new App(loop, std::move(config), log));
  app->settings_ = std::make_shared<const engine::Settings>(app->config_.gateway);
  app->keys_ = key_ring(app->config_, nullptr);
  if (auto made = app->make_workers(); !made) return std::unexpected(made.error());
  const auto plan = app->upstreams_->make_plan(app->settings_);
  for (const auto& worker : app->workers_) worker->adopt(app->config_, *plan, app->keys_);
  app->workers_.front()->metrics().set(Metric::build_info, {version(), commit()}, 1);
  app->note_loaded();
  return app;
}

App::App(runtime::EpollLoop& loop, config::Config config, ports::AccessLog& log)
    : loop_(loop),
      config_(std::move(config)),
      log_(log),
      commons_(config_.gateway.retry_memory_bytes),
      body_memory_(std::make_shared<adapters::http::BodyMemory>(config_.listen.server.body_memory_bytes)),
      most_callers_(callers_allowed(descriptor_limit())),
      hurry_(loop) {}

App::~App() {
  for (const auto& thread : threads_) thread->stop();
}

base::Result<void> App::make_workers() {
  for (std::uint32_t i = 1; i < config_.loops; ++i) threads_.push_back(std::make_unique<LoopThread>());
  std::vector<engine::Upstreams::Home> homes;
  for (std::uint32_t i = 0; i < config_.loops; ++i) {
    runtime::EpollLoop& loop = i == 0 ? loop_ : threads_[i - 1]->loop();
    auto worker =
        Worker::make(loop, config_, settings_, log_, commons_, [this, &loop] { return metrics_page(loop); });
    if (!worker) return std::unexpected(worker.error());
    (*worker)->take(
        {.body_memory = body_memory_, .connections = (most_callers_ + config_.loops - 1) / config_.loops});
    homes.push_back({.loop = loop, .metrics = (*worker)->metrics()});
    workers_.push_back(std::move(*worker));
  }
  upstreams_.emplace(std::move(homes));
  return {};
}

base::Result<adapters::net::SocketAddress> App::listen(const std::vector<int>& inherited) {
  warn_of_descriptors();
  auto entrances = open_entrances(loop_, config_, certificates_, inherited);
  if (!entrances) return std::unexpected(entrances.error());
  adapters::net::SocketAddress first;
  for (Entrance& entrance : *entrances) {
    if (first == adapters::net::SocketAddress()) first = entrance.listener->address();
    urls_.push_back(entrance.url());
    workers_.front()->listen(std::move(entrance.listener), std::move(entrance.door));
  }
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    if (auto beside = workers_[i]->listen_beside(*workers_.front()); !beside) {
      return std::unexpected(beside.error());
    }
  }
  for (const auto& thread : threads_) thread->start();
  return first;
}

std::vector<runtime::Loop*> App::other_loops() const {
  std::vector<runtime::Loop*> loops;
  loops.reserve(threads_.size());
  for (const auto& thread : threads_) loops.push_back(&thread->loop());
  return loops;
}

void App::warn_of_descriptors() {
  const std::size_t wanted = config_.listen.server.max_connections;
  if (most_callers_ >= wanted) return;
  log_.warning("descriptors",
               fmt::format("{} descriptors allow {} connections of callers, not the {} of "
                           "listen.max_connections; raise the hard limit (LimitNOFILE=, ulimit -Hn)",
                           descriptor_limit(), most_callers_, wanted));
}

runtime::Task<base::Result<void>> App::adopt(config::Config config) {
  auto settings = std::make_shared<const engine::Settings>(config.gateway);
  auto prepared = co_await prepare(config, settings);
  if (prepared) prepared = certificates_.reload();
  if (!prepared) {
    // Some may have taken it; what they had, none refuses.
    co_await prepare(config_, settings_);
    co_return prepared;
  }
  config_ = std::move(config);
  settings_ = std::move(settings);
  keys_ = key_ring(config_, keys_);
  body_memory_->set_limit(config_.listen.server.body_memory_bytes);
  warn_of_descriptors();
  commons_.memory.set_limit(settings_->retry_memory_bytes);
  const auto plan = upstreams_->make_plan(settings_);
  for (const auto& worker : workers_) {
    co_await runtime::call_on(loop_, worker->loop(), [this, &there = *worker, plan] {
      there.adopt(config_, *plan, keys_);
      return true;
    });
  }
  note_loaded();
  co_return base::Result<void>();
}

runtime::Task<base::Result<void>> App::prepare(const config::Config& config,
                                               std::shared_ptr<const engine::Settings> settings) {
  base::Result<void> all;
  for (const auto& worker : workers_) {
    if (!all) break;
    // The references stay good: this task waits for the answer.
    all = co_await runtime::call_on(loop_, worker->loop(), [&there = *worker, &config, settings] {
      return there.prepare(config, settings);
    });
  }
  co_return all;
}

void App::note_loaded() {
  const auto now = std::chrono::duration<double>(loop_.wall_now().time_since_epoch());
  workers_.front()->metrics().set(Metric::config_loaded, {}, std::floor(now.count()));
}

void App::count_reload(bool applied) {
  ports::Metrics& metrics = workers_.front()->metrics();
  metrics.add(Metric::config_reloads, {applied ? "applied" : "refused"});
  metrics.set(Metric::config_stale, {}, applied ? 0 : 1);
}

runtime::Task<bool> App::drain() {
  draining_ = true;
  workers_.front()->metrics().set(Metric::draining, {}, 1);
  const Worker::Load under_way = co_await begin_drain();
  log_.notice("draining",
              fmt::format("{} requests under way; a second signal cuts them", under_way.requests));
  if (!hurried_ && under_way.connections > 0) {
    co_await hurry_.wait(base::after(loop_.now(), config_.drain.notice));
  }
  stop_accepting();
  bool ended = !hurried_ && co_await drained(base::after(loop_.now(), config_.drain.grace));
  if (!ended && !hurried_) {
    const Worker::Load left = co_await load();
    log_.warning("cut", fmt::format("{} requests were not done within the grace period", left.requests));
  }
  if (!ended) {
    cut();
    ended = co_await drained(base::after(loop_.now(), kCutWithin));
  }
  if (ended) co_await hear_everyone_out();
  co_return ended;
}

// When the last request has ended, three messages may still follow each other from loop to loop: an entry
// into an upstream's queue, its permit to a loop whose caller has gone, the slot back home. A round through
// all loops brings each of them to its end, and the next one on its way.
runtime::Task<void> App::hear_everyone_out() {
  for (int round = 0; round < 3; ++round) {
    for (const auto& worker : workers_) {
      co_await runtime::call_on(loop_, worker->loop(), [] { return true; });
    }
  }
}

void App::hurry() {
  hurried_ = true;
  hurry_.notify();
  if (!accepting_) cut();
}

runtime::Task<Worker::Load> App::begin_drain() {
  Worker::Load sum;
  for (const auto& worker : workers_) {
    sum +=
        co_await runtime::call_on(loop_, worker->loop(), [&there = *worker] { return there.begin_drain(); });
  }
  co_return sum;
}

runtime::Task<Worker::Load> App::load() {
  Worker::Load sum;
  for (const auto& worker : workers_) {
    sum += co_await runtime::call_on(loop_, worker->loop(), [&there = *worker] { return there.load(); });
  }
  co_return sum;
}

runtime::Task<bool> App::drained(base::TimePoint until) {
  bool all = true;
  for (const auto& worker : workers_) {
    all &= co_await runtime::await_on(loop_, worker->loop(),
                                      [&there = *worker, until] { return there.drained(until); });
  }
  co_return all;
}

void App::stop_accepting() {
  accepting_ = false;
  for (const auto& worker : workers_) {
    runtime::tell(loop_, worker->loop(), [&there = *worker] { there.stop_accepting(); });
  }
}

void App::cut() {
  for (const auto& worker : workers_) {
    runtime::tell(loop_, worker->loop(), [&there = *worker] { there.cut(); });
  }
}

// What is measured once, whatever the number of workers.
void App::measure_process(ports::Metrics& metrics) const {
  adapters::metrics::measure_process(metrics);
  certificates_.measure(metrics);
  const ports::LogState log = log_.state();
  metrics.set(Metric::log_lines_lost, {}, static_cast<double>(log.lost));
  metrics.set(Metric::log_failing, {}, log.failing ? 1 : 0);
  metrics.set(Metric::body_memory, {}, static_cast<double>(body_memory_->used()));
  metrics.set(Metric::max_connections, {},
              static_cast<double>(std::min(most_callers_, config_.listen.server.max_connections)));
}

// On any worker's loop: the parts of all, added up.
runtime::Task<std::string> App::metrics_page(runtime::Loop& here) {
  adapters::metrics::Page sum;
  for (const auto& worker : workers_) {
    const bool is_first = worker == workers_.front();
    sum.add(co_await runtime::call_on(here, worker->loop(), [this, &there = *worker, is_first] {
      if (is_first) measure_process(there.metrics());
      return there.measure();
    }));
  }
  co_return sum.text();
}

}  // namespace dujiang::app
