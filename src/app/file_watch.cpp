#include "app/file_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "adapters/net/socket.hpp"
#include "runtime/task.hpp"

namespace dujiang::app {
namespace {

constexpr base::Duration kQuiet = std::chrono::milliseconds(200);
constexpr base::Duration kLongestDelay = std::chrono::seconds(2);

constexpr std::uint32_t kOfNames =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
constexpr std::uint32_t kOfTheFolder = IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED | IN_Q_OVERFLOW;

}  // namespace

class FileWatch::Impl final : private runtime::Timer {
 public:
  Impl(runtime::EpollLoop& loop, std::function<void()> on_change)
      : loop_(loop), on_change_(std::move(on_change)) {
    const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd >= 0) {
      socket_.emplace(loop, fd);
    } else {
      why_not_ = std::strerror(errno);
    }
  }

  base::Result<void> watch(WatchedFiles files) {
    files_ = std::move(files);
    first_change_.reset();
    const base::Result<void> watched = watch_places();
    if (has_changed()) note_change();
    return watched;
  }

  void close() {
    loop_.arm(*this, base::kNever);
    if (!socket_ || socket_->fd() < 0) return;
    runtime::Signal& waiter = socket_->readable();
    socket_->close();
    waiter.notify();
  }

  static runtime::Task<void> listen(std::shared_ptr<Impl> self) {
    while (self->socket_ && self->socket_->fd() >= 0) {
      while (self->read_some()) {
      }
      co_await self->socket_->readable().wait(base::kNever);
    }
  }

 private:
  bool has_changed() const {
    return std::ranges::any_of(files_, [](const auto& file) { return stamp_of(file.first) != file.second; });
  }

  // Looks anew where the files stand: a change may have put them elsewhere.
  base::Result<void> watch_places() {
    if (!socket_ || socket_->fd() < 0) return base::fail("inotify: " + why_not_);
    base::Result<void> all;
    std::map<int, std::set<std::string>> names;
    for (const auto& [path, stamp] : files_) {
      for (const FilePlace& place : places_of(path)) {
        const int watch = inotify_add_watch(socket_->fd(), place.folder.c_str(),
                                            kOfNames | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR);
        if (watch >= 0) {
          names[watch].insert(place.name);
        } else {
          all = base::fail(fmt::format("{}: {}", place.folder, std::strerror(errno)));
        }
      }
    }
    for (const auto& [watch, old_names] : std::exchange(names_, std::move(names))) {
      if (!names_.contains(watch)) inotify_rm_watch(socket_->fd(), watch);
    }
    return all;
  }

  bool read_some() {
    alignas(inotify_event) std::array<char, 4096> bytes{};
    const ssize_t got = read(socket_->fd(), bytes.data(), bytes.size());
    if (got <= 0) return false;
    for (std::string_view rest(bytes.data(), static_cast<std::size_t>(got)); !rest.empty();) {
      inotify_event event{};
      std::memcpy(&event, rest.data(), sizeof event);
      const char* const name = rest.data() + sizeof event;  // padded with zeros
      if (matters(event, event.len > 0 ? name : "")) note_change();
      rest.remove_prefix(sizeof event + event.len);
    }
    return true;
  }

  bool matters(const inotify_event& event, const std::string& name) const {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
    const auto folder = names_.find(event.wd);
    if (folder == names_.end()) return false;  // no longer watched
    return (event.mask & kOfTheFolder) != 0 || folder->second.contains(name);
  }

  void note_change() {
    const base::TimePoint now = loop_.now();
    if (!first_change_) first_change_ = now;
    loop_.arm(*this, std::min(base::after(now, kQuiet), base::after(*first_change_, kLongestDelay)));
  }

  void fire() override {
    first_change_.reset();
    // The watches that did hold go on; what fails now was told when the files were read.
    [[maybe_unused]] const base::Result<void> watched = watch_places();
    if (has_changed()) on_change_();
  }

  runtime::EpollLoop& loop_;
  std::function<void()> on_change_;
  std::optional<adapters::net::Socket> socket_;
  std::string why_not_ = "closed";
  WatchedFiles files_;
  std::map<int, std::set<std::string>> names_;  // by the folder's watch
  std::optional<base::TimePoint> first_change_;
};

FileWatch::FileWatch(runtime::EpollLoop& loop, std::function<void()> on_change)
    : impl_(std::make_shared<Impl>(loop, std::move(on_change))) {
  loop.spawn(Impl::listen(impl_));
}

FileWatch::~FileWatch() { impl_->close(); }

base::Result<void> FileWatch::watch(WatchedFiles files) { return impl_->watch(std::move(files)); }

}  // namespace dujiang::app
