// Where a configuration finds what is not written in it: variables and files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dujiang::config {

struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable{};
  // The file's content, or why it could not be read ("no such file").
  std::function<base::Result<std::string>(const std::string& path)> read_file{};
  // What relative paths in the configuration are relative to; empty: the process's folder.
  std::string folder{};
  // The permission bits of a file (0600); nothing where they can't be told.
  std::function<std::optional<unsigned>(const std::string& path)> permissions{};
};

// Whether others than the owner may read the file.
bool others_may_read(const std::string& path, const Environment& environment);

// Whether anybody at all may read the file, not only its group: keys of certificates are often kept for one.
bool anybody_may_read(const std::string& path, const Environment& environment);

// The path as the process finds it.
std::string resolve(const std::string& path, const Environment& environment);

// The environment and the files of this process. A file may have up to 1 MiB.
Environment process_environment();

struct Expanded {
  std::string text;
  bool from_variable = false;  // then `text` is never shown
};

// Replaces ${NAME}, ${NAME:-text for an unset or empty one}, and $$ by one dollar. The error says which name
// is not set, or how it would be written; never a value.
base::Result<Expanded> expand(std::string_view text, const Environment& environment);

}  // namespace dujiang::config
