// `dujiang key new`: makes a key for a caller.
#pragma once

#include <optional>
#include <string>

namespace dujiang::cli {

// Prints the key, once, and its entry; with a file, appends the entry there instead. Returns the exit status.
int make_key(const std::string& name, const std::optional<std::string>& keys_file);

}  // namespace dujiang::cli
