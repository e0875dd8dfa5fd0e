#include "adapters/net/unix_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace dujiang::adapters::net {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

std::unexpected<base::Error> failed(const std::string& path, const std::string& why) {
  return base::fail("cannot listen on " + path + ": " + why);
}

std::unexpected<base::Error> failed(const std::string& path, int error) {
  return failed(path, std::generic_category().message(error));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Clears the way for a socket at `path`.
base::Result<void> remove_leftover(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return failed(path, "there is a file that is no socket; name another path");
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return failed(path, errno);
  const bool connected =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  // EAGAIN: somebody listens, with a full queue.
  if (connected || errno == EAGAIN)
    return failed(path, "another program listens there; end it, or name another path");
  if (errno != ECONNREFUSED)
    return failed(path, "whose it is cannot be seen: " + std::generic_category().message(errno));
  if (::unlink(path.c_str()) != 0)
    return failed(path, "a leftover cannot be removed: " + std::generic_category().message(errno));
  return {};
}

}  // namespace

base::Result<UnixSocket> listen_unix(const std::string& path, mode_t mode, int backlog) {
  if (path.empty() || path.size() > kMaxUnixPath)
    return failed(path, "a socket's path has 1 to " + std::to_string(kMaxUnixPath) + " bytes");
  const sockaddr_un address = address_of(path);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return failed(path, errno);
  // Two that start at once must not both find a leftover, and the later one then remove the other's socket.
  const std::string folder = folder_of(path);
  const Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0)
    return failed(path, "its folder cannot be opened: " + std::generic_category().message(errno));
  while (::flock(lock.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  if (auto cleared = remove_leftover(path, address); !cleared) return std::unexpected(cleared.error());
  // The file is born with these rights (less the umask), so that nobody slips in before chmod().
  ::fchmod(socket.get(), mode);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed(path, errno);
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket.get(), backlog) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return failed(path, error);
  }
  struct stat made{};
  if (::lstat(path.c_str(), &made) != 0) return failed(path, errno);
  return UnixSocket{.fd = socket.release(), .path = path, .device = made.st_dev, .inode = made.st_ino};
}

void remove_file(const UnixSocket& socket) {
  struct stat found{};
  if (::lstat(socket.path.c_str(), &found) != 0) return;
  if (found.st_dev == socket.device && found.st_ino == socket.inode) ::unlink(socket.path.c_str());
}

}  // namespace dujiang::adapters::net
