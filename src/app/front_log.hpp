// Writes down the requests that the HTTP front answered by itself, as the engine does the others.
#pragma once

#include "base/time.hpp"
#include "ports/access_log.hpp"
#include "ports/http_server.hpp"
#include "ports/metrics.hpp"

namespace dujiang::app {

void log_refused(base::TimePoint now, ports::Metrics& metrics, ports::AccessLog& log,
                 const ports::RefusedRequest& request);

}  // namespace dujiang::app
