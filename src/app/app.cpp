#include "app/app.hpp"

#include <fmt/format.h>

#include <utility>

#include "adapters/metrics/process.hpp"
#include "api/openai/envelope.hpp"
#include "app/metric_labels.hpp"
#include "app/version.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::app {
namespace {

using ports::Metric;

// How long a handler may take to see that its caller is gone.
constexpr base::Duration kCutWithin = std::chrono::seconds(2);

// Errors that the HTTP front answers by itself look like the engine's.
adapters::http::ErrorBody error_page(int status, std::string_view code, std::string_view message) {
  api::ApiError error = api::invalid_request(std::string(message), std::nullopt, std::string(code), status);
  if (status >= 500) error.type = "server_error";
  return {api::openai::error_body(error), "application/json"};
}

adapters::metrics::Registry labelled_registry(const config::Config& config) {
  adapters::metrics::Registry registry;
  declare_labels(registry, config);
  registry.set(Metric::build_info, {version(), commit()}, 1);
  return registry;
}

}  // namespace

base::Result<std::unique_ptr<App>> App::make(runtime::AsioLoop& loop, config::Config config,
                                             ports::AccessLog& log) {
  auto client = adapters::http::Client::make(loop, config.gateway.upstreams);
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<App>(new App(loop, std::move(config), log, std::move(*client)));
}

App::App(runtime::AsioLoop& loop, config::Config config, ports::AccessLog& log,
         std::unique_ptr<adapters::http::Client> client)
    : loop_(loop),
      config_(std::move(config)),
      log_(log),
      registry_(labelled_registry(config_)),
      client_(std::move(client)),
      gateway_(loop, *client_, registry_, log_, std::make_shared<const engine::Settings>(config_.gateway)),
      front_([this](const ports::CallerRequest& request,
                    ports::CallerReply& reply) { return gateway_.handle(request, reply); },
             [this] { return metrics_page(); }, loop.random()),
      server_(
          loop, config_.listen.server,
          [this](const ports::CallerRequest& request, ports::CallerReply& reply) {
            return front_.handle(request, reply);
          },
          error_page),
      hurry_(loop) {}

base::Result<adapters::net::SocketAddress> App::listen() {
  const auto at = adapters::net::SocketAddress::from_ip(config_.listen.address, config_.listen.port);
  if (!at) return std::unexpected(at.error());
  return server_.listen(*at);
}

runtime::Task<bool> App::drain() {
  log_.notice("draining",
              fmt::format("{} requests under way; a second signal cuts them", server_.active_requests()));
  front_.begin_drain();
  registry_.set(Metric::draining, {}, 1);
  if (!hurried_ && server_.connections() > 0) {
    co_await hurry_.wait(base::after(loop_.now(), config_.drain.notice));
  }
  server_.stop_accepting();
  accepting_ = false;
  if (!hurried_ && co_await server_.drained(base::after(loop_.now(), config_.drain.grace))) co_return true;
  if (!hurried_) {
    log_.warning("cut",
                 fmt::format("{} requests were not done within the grace period", server_.active_requests()));
  }
  server_.close_all();
  co_return co_await server_.drained(base::after(loop_.now(), kCutWithin));
}

void App::hurry() {
  hurried_ = true;
  hurry_.notify();
  if (!accepting_) server_.close_all();
}

std::string App::metrics_page() {
  const adapters::http::ServerCounts callers = server_.counts();
  adapters::http::ClientCounters upstreams;
  for (const route::UpstreamSpec& upstream : config_.gateway.upstreams) {
    const adapters::http::ClientCounters one = client_->counters(upstream.name);
    upstreams.open += one.open;
    upstreams.connections_opened += one.connections_opened;
  }
  registry_.set(Metric::connections, {"caller"}, static_cast<double>(callers.connections));
  registry_.set(Metric::connections, {"upstream"}, static_cast<double>(upstreams.open));
  registry_.set(Metric::connections_opened, {"caller"}, static_cast<double>(callers.accepted));
  registry_.set(Metric::connections_opened, {"upstream"}, static_cast<double>(upstreams.connections_opened));
  for (std::size_t i = 0; i < callers.refused.size(); ++i) {
    const std::string_view reason = name(static_cast<adapters::http::RefusalReason>(i));
    registry_.set(Metric::requests_refused, {reason}, static_cast<double>(callers.refused[i]));
  }
  gateway_.measure();
  adapters::metrics::measure_process(registry_);
  return registry_.text();
}

}  // namespace dujiang::app
