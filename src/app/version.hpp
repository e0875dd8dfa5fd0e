// What was built.
#pragma once

#include <string_view>

namespace dujiang::app {

std::string_view version();  // "0.1.0"
std::string_view commit();   // short hash of the commit, or "unknown" where there was no git

}  // namespace dujiang::app
