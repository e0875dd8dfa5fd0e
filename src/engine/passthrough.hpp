// Relays a request on a path that the gateway does not know, as it is, to the upstream that a setting names.
#pragma once

#include <memory>

#include "engine/exchange.hpp"
#include "engine/services.hpp"
#include "engine/upstream.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// One attempt, its answer streamed with back-pressure. Waits for the upstream's rate limit and slots like any
// call.
runtime::Task<void> pass_through(Services& services, const Errand& errand,
                                 std::shared_ptr<Upstream> upstream);

}  // namespace dujiang::engine
