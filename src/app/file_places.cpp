#include "app/file_places.hpp"

#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <system_error>

namespace dujiang::app {
namespace fs = std::filesystem;

namespace {

// As many as the kernel follows.
constexpr int kMostLinks = 40;

std::deque<fs::path> parts_of(const fs::path& path) {
  std::deque<fs::path> parts;
  for (const fs::path& part : path.relative_path()) parts.push_back(part);
  return parts;
}

}  // namespace

std::vector<FilePlace> places_of(const std::string& path) {
  std::error_code ignored;
  std::vector<FilePlace> places;
  fs::path at = "/";
  std::deque<fs::path> rest = parts_of(fs::absolute(path, ignored));
  for (int links = 0; !rest.empty() && links <= kMostLinks;) {
    const fs::path part = rest.front();
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path here = at / part;
    const fs::file_type type = fs::symlink_status(here, ignored).type();
    const bool goes_on = type == fs::file_type::directory && !rest.empty();
    if (!goes_on) places.push_back({at.string(), part.string()});
    if (type == fs::file_type::symlink) {
      ++links;
      const fs::path target = fs::read_symlink(here, ignored);
      if (target.is_absolute()) at = "/";
      const std::deque<fs::path> parts = parts_of(target);
      rest.insert(rest.begin(), parts.begin(), parts.end());
    } else if (goes_on) {
      at = here;
    } else {
      break;
    }
  }
  return places;
}

FileStamp stamp_of(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return {};
  return {.device = found.st_dev,
          .inode = found.st_ino,
          .size = found.st_size,
          .modified_s = found.st_mtim.tv_sec,
          .modified_ns = found.st_mtim.tv_nsec,
          .changed_s = found.st_ctim.tv_sec,
          .changed_ns = found.st_ctim.tv_nsec};
}

}  // namespace dujiang::app
