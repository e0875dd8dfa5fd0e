#include "app/worker.hpp"

#include <utility>

#include "api/openai/envelope.hpp"
#include "app/edge_metrics.hpp"
#include "app/front_log.hpp"
#include "app/metric_labels.hpp"

namespace dujiang::app {
namespace {

// Errors that the HTTP front answers by itself look like the engine's.
adapters::http::ErrorBody error_page(int status, std::string_view code, std::string_view message) {
  api::ApiError error = api::invalid_request(std::string(message), std::nullopt, std::string(code), status);
  if (status >= 500) error.type = "server_error";
  return {api::openai::error_body(error), "application/json"};
}

adapters::metrics::Registry labelled_registry(const config::Config& config) {
  adapters::metrics::Registry registry;
  declare_labels(registry, config);
  return registry;
}

// Each worker has its part of the connections that are allowed in all.
adapters::http::ServerSettings front_settings(const config::Config& config) {
  adapters::http::ServerSettings settings = config.listen.server;
  settings.max_connections = (settings.max_connections + config.loops - 1) / config.loops;
  return settings;
}

}  // namespace

base::Result<std::unique_ptr<Worker>> Worker::make(runtime::EpollLoop& loop, const config::Config& config,
                                                   const std::shared_ptr<const engine::Settings>& settings,
                                                   ports::AccessLog& log, engine::Commons& commons,
                                                   MetricsPage metrics) {
  auto client = adapters::http::Client::make(loop, engine::upstreams_of(settings));
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<Worker>(
      new Worker(loop, config, log, commons, std::move(metrics), std::move(*client)));
}

Worker::Worker(runtime::EpollLoop& loop, const config::Config& config, ports::AccessLog& log,
               engine::Commons& commons, MetricsPage metrics, std::unique_ptr<adapters::http::Client> client)
    : loop_(loop),
      registry_(labelled_registry(config)),
      client_(std::move(client)),
      gateway_(loop, *client_, registry_, log, commons),
      gate_(registry_, nullptr),
      front_([this](const ports::CallerRequest& request,
                    ports::CallerReply& reply) { return gateway_.handle(request, reply); },
             std::move(metrics), loop.random()),
      server_(loop, front_settings(config),
              [this](const ports::CallerRequest& request, ports::CallerReply& reply) {
                return front_.handle(request, reply);
              },
              error_page,
              {.clear = [this](const ports::CallerHead& head) { return gate_.clear(head); },
               .refused =
                   [this, &log](const ports::RefusedRequest& request) {
                     log_refused(loop_.now(), registry_, log, request);
                   }}) {
  server_.on_warning(
      [&log](std::string_view event, std::string_view message) { log.warning(event, message); });
}

void Worker::take(Shares shares) {
  server_.use_body_memory(std::move(shares.body_memory));
  server_.accept_at_most(shares.connections);
}

base::Result<void> Worker::prepare(const config::Config& config,
                                   const std::shared_ptr<const engine::Settings>& settings) {
  declare_labels(registry_, config);
  return client_->adopt(engine::upstreams_of(settings));
}

void Worker::adopt(const config::Config& config, const engine::Plan& plan, CallerGate::Keys keys) {
  gate_.set_keys(std::move(keys));
  gateway_.adopt(plan);
  server_.adopt(front_settings(config));
}

Worker::Load Worker::load() const {
  return {.connections = server_.connections(), .requests = server_.active_requests()};
}

Worker::Load Worker::begin_drain() {
  front_.begin_drain();
  return load();
}

adapters::metrics::Page Worker::measure() {
  app::measure(server_, registry_);
  app::measure(*client_, registry_);
  gateway_.measure();
  return registry_.page();
}

}  // namespace dujiang::app
