// Examines one endpoint of an upstream, from its proxy to its first token.
#pragma once

#include <memory>
#include <optional>

#include "adapters/net/dns.hpp"
#include "base/time.hpp"
#include "diagnosis/answer.hpp"
#include "diagnosis/finding.hpp"
#include "diagnosis/way.hpp"
#include "route/spec.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::doctor {

struct EndpointCase {
  std::shared_ptr<const route::UpstreamSpec> spec;  // with this one endpoint
  diagnosis::ProxySeen proxy;
  diagnosis::ModelsWanted wanted;
  // A key to try where callers bring their own.
  std::optional<route::Secret> callers_key;
  diagnosis::Finding no_key;  // what to say where there is none
  bool call = true;           // whether a token may be asked for, which costs money
  // How long an answer may take, and a first token. Connecting has the upstream's connect_timeout.
  base::Duration answer_time = std::chrono::seconds(10);
  base::Duration token_time = std::chrono::seconds(30);
};

// Makes each check that can be made; those that hang on one that failed say so. Ends by its times, whatever
// the endpoint does. The loop outlives the task.
runtime::Task<diagnosis::Section> examine_endpoint(runtime::EpollLoop& loop, EndpointCase endpoint,
                                                   adapters::net::ResolverSettings resolver = {});

}  // namespace dujiang::doctor
