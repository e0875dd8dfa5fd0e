// The paths that the gateway answers about itself; everything else is the engine's.
#pragma once

#include <functional>
#include <string>

#include "base/random.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::app {

// Makes the page for /metrics.
using MetricsPage = std::function<runtime::Task<std::string>()>;

// GET (or HEAD) /healthz: 200 while the process serves at all. /readyz: 200, or 503 while it drains; never
// dependent on an upstream, since a gateway that is taken out of service for its upstreams' sake can't answer
// anybody. /metrics: the page of `metrics`.
class Front {
 public:
  // `chance`, for new request ids, outlives the front.
  Front(ports::Handler engine, MetricsPage metrics, base::Random& chance);

  // A ports::Handler. The front outlives the task.
  runtime::Task<void> handle(const ports::CallerRequest& request, ports::CallerReply& reply);

  void begin_drain() { draining_ = true; }

 private:
  runtime::Task<void> answer(const ports::CallerRequest& request, ports::CallerReply& reply, int status,
                             http::Headers headers, std::string body);
  runtime::Task<void> show_metrics(const ports::CallerRequest& request, ports::CallerReply& reply);
  runtime::Task<void> refuse_method(const ports::CallerRequest& request, ports::CallerReply& reply);

  ports::Handler engine_;
  MetricsPage metrics_;
  base::Random& chance_;
  bool draining_ = false;
};

}  // namespace dujiang::app
