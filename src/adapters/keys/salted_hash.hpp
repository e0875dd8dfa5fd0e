// Hashing a caller's key as its entry does.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "route/caller_key.hpp"

namespace dujiang::adapters::keys {

route::SaltedHash salted_hash(std::string_view key, const std::array<std::uint8_t, 16>& salt);

}  // namespace dujiang::adapters::keys
