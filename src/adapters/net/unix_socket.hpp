// A Unix socket's file: bound with its rights from the first moment on, never taken from a program that
// serves.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace dujiang::adapters::net {

// As long as the kernel takes.
inline constexpr std::size_t kMaxUnixPath = 107;

// A listening socket, and which file is its own.
struct UnixSocket {
  int fd = -1;
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};

// A socket file that nobody listens on is a leftover and is replaced;
// anything else at `path` is left alone and an error. The error says what to do.
base::Result<UnixSocket> listen_unix(const std::string& path, mode_t mode, int backlog);

// Removes the file, unless another one stands at its path by now.
void remove_file(const UnixSocket& socket);

}  // namespace dujiang::adapters::net
