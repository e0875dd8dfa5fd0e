// A caller whom the gateway knows by its key: what the key allows, and what is left of its rate.
#pragma once

#include <memory>

#include "policy/shared_bucket.hpp"
#include "route/caller_key.hpp"

namespace dujiang::policy {

struct CallerKey {
  route::CallerKeySpec spec;
  // Common to all loops, and to the key's entries of earlier configurations. Never null.
  std::shared_ptr<SharedBucket> bucket = std::make_shared<SharedBucket>();
};

}  // namespace dujiang::policy
