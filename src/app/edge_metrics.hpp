// What the edges count, as metrics: measured when a page is asked for, so that a request pays nothing for it.
#pragma once

#include "adapters/http/client.hpp"
#include "adapters/http/server.hpp"
#include "ports/metrics.hpp"

namespace dujiang::app {

// The connections of callers.
void measure(const adapters::http::HttpServer& server, ports::Metrics& metrics);

// The connections to upstreams.
void measure(const adapters::http::Client& client, ports::Metrics& metrics);

}  // namespace dujiang::app
