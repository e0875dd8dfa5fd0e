// Making a key for a caller.
#pragma once

#include <string>

#include "base/result.hpp"
#include "route/caller_key.hpp"

namespace dujiang::adapters::keys {

struct NewKey {
  std::string key;            // for the caller; kept nowhere
  route::CallerKeySpec spec;  // for the gateway: name, id and hash
};

// Out of the operating system's chance; the error says why there is none.
base::Result<NewKey> new_key(std::string name);

}  // namespace dujiang::adapters::keys
