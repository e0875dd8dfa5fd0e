// The engine's front door: finds out what a caller's request asks for, and sees to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/error.hpp"
#include "api/wire_format.hpp"
#include "engine/exchange.hpp"
#include "engine/plan.hpp"
#include "engine/services.hpp"
#include "engine/settings.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

class Gateway {
 public:
  // Serves once it has a plan. The gateways of several loops share the commons.
  Gateway(runtime::Loop& loop, ports::HttpClient& client, ports::Metrics& metrics, ports::AccessLog& log,
          Commons& commons);

  // A ports::Handler. The gateway outlives the task.
  runtime::Task<void> handle(const ports::CallerRequest& request, ports::CallerReply& reply);

  // Requests that begin from now on are served by this plan; those under way keep their routes and limits.
  // The gateways of several loops share its upstreams and have a copy each of the rest.
  void adopt(const Plan& plan);

  // Sets the gauges that change as time passes; called before the metrics are read.
  void measure();

 private:
  runtime::Task<void> see_to(const Errand& errand);
  runtime::Task<void> see_to(const Errand& errand, api::Matched asked);
  runtime::Task<void> see_to_model(const Errand& errand, api::Matched asked);
  // An error of the caller's that no upstream is asked about.
  runtime::Task<void> tell_options(const Errand& errand, http::Headers allow);
  runtime::Task<void> refuse(const Errand& errand, api::ApiError error, http::Headers more = {});

  std::shared_ptr<const Plan> plan_;
  std::map<std::string, std::weak_ptr<Upstream>, std::less<>> at_home_;  // living on this loop
  const api::WireFormat& format_;
  Services services_;
  std::uint64_t in_flight_ = 0;
};

}  // namespace dujiang::engine
