// Where in the file system it is decided what a path leads to.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace dujiang::app {

// A name in a folder. What stands there decides where a path leads: the file itself, a symbolic link on the
// way, or the first folder that is missing.
struct FilePlace {
  std::string folder;
  std::string name;

  auto operator<=>(const FilePlace&) const = default;
};

// The places of a path, followed as the kernel follows it: each link at which another could be put, and the
// file at its end. Kubernetes changes a mounted ConfigMap by putting another link `..data` in its folder:
// neither the file's name nor the folder that it truly stands in sees any of that.
std::vector<FilePlace> places_of(const std::string& path);

// What tells one state of a file from another without reading it.
struct FileStamp {
  unsigned long device = 0;
  unsigned long inode = 0;
  long size = -1;  // -1: it is not there, or can't be looked at
  long modified_s = 0;
  long modified_ns = 0;
  long changed_s = 0;  // of its owner and rights, too
  long changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path);

}  // namespace dujiang::app
