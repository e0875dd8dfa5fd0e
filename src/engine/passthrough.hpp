// Relays a request on a path that the gateway does not know, as it is, to the upstream that a setting names.
#pragma once

#include <memory>
#include <string>

#include "api/wire_format.hpp"
#include "engine/services.hpp"
#include "engine/upstream.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// One attempt, its answer streamed with back-pressure. Waits for the upstream's rate limit and slots like any
// call.
runtime::Task<void> pass_through(Services& services, std::shared_ptr<Upstream> upstream,
                                 const ports::CallerRequest& request, ports::CallerReply& reply,
                                 const api::WireFormat& format, std::string request_id);

}  // namespace dujiang::engine
