// Tells when one of some files has changed, however that is done: written in place, replaced by a rename as
// editors do, put elsewhere by a symbolic link as Kubernetes does, removed, made, or its rights changed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/file_places.hpp"
#include "base/result.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::app {

// The files by their paths, as they were when they were read.
using WatchedFiles = std::map<std::string, FileStamp>;

class FileWatch {
 public:
  // `on_change` is called on the loop when files differ from how they were read and nothing more has happened
  // to them for a moment (200 ms, but no later than 2 s after the first change): not in the middle of an
  // update. Only the names that matter are looked at, so a log that grows in the same folder costs nothing.
  FileWatch(runtime::EpollLoop& loop, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches these files and no others. What has changed between its reading and now is told, too. The error
  // says why some changes will not be seen: the system allows a user only so many watches.
  base::Result<void> watch(WatchedFiles files);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dujiang::app
