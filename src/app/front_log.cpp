#include "app/front_log.hpp"

#include "ports/metric_catalog.hpp"

namespace dujiang::app {

void log_refused(base::TimePoint now, ports::Metrics& metrics, ports::AccessLog& log,
                 const ports::RefusedRequest& request) {
  using ports::Metric;
  ports::AccessLine line;
  line.request_id = request.request_id;
  line.peer = std::string(request.peer);
  line.caller = std::string(request.key_name);
  line.method = std::string(request.method);
  line.path = std::string(request.path);
  line.status = request.status;
  line.result = std::string(request.code);
  line.seconds = base::seconds(now - request.began);
  line.response_bytes = request.response_bytes;
  metrics.observe(Metric::server_request_duration, {"other", "", request.code}, line.seconds);
  metrics.add(Metric::requests, {"", "other", request.code});
  if (!line.caller.empty()) metrics.add(Metric::caller_requests, {line.caller, request.code});
  log.request(line);
}

}  // namespace dujiang::app
