#include "cli/key_command.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "adapters/keys/new_key.hpp"
#include "config/config.hpp"

namespace dujiang::cli {
namespace {

int fail(const std::string& message) {
  std::fputs(("dujiang: " + message + "\n").c_str(), stderr);
  return 1;
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

// A file that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

base::Result<void> append(const std::string& path, const std::string& line) {
  const auto failed = [&] { return base::fail(path + " cannot be written: " + std::strerror(errno)); };
  const File file(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.fd() < 0) return failed();
  struct stat status{};
  if (fstat(file.fd(), &status) != 0) return failed();
  // A last line without an end would swallow the entry.
  char last = '\n';
  if (status.st_size > 0 && pread(file.fd(), &last, 1, status.st_size - 1) != 1) return failed();
  const std::string text = (last == '\n' ? "" : "\n") + line + "\n";
  if (write(file.fd(), text.data(), text.size()) != std::ssize(text)) return failed();
  if (fsync(file.fd()) != 0 && errno != EINVAL) return failed();
  if ((status.st_mode & 0044) != 0) {
    std::fputs(("dujiang: " + path + " can be read by other users; chmod 600 it\n").c_str(), stderr);
  }
  return {};
}

}  // namespace

int make_key(const std::string& name, const std::optional<std::string>& keys_file) {
  if (!config::is_name(name)) {
    return fail("a key's name is 1 to 64 letters, digits, `.`, `_` or `-`, as in `dujiang key new team-a`");
  }
  const auto made = adapters::keys::new_key(name);
  if (!made) return fail(made.error().message);
  const std::string entry = config::caller_key_entry(made->spec);
  if (!keys_file) {
    return print("# The key of " + name + "; it is shown only now:\n" + made->key +
                 "\n\n# Its entry, below `caller_keys: keys:` or in the file of `caller_keys: keys_file:`\n" +
                 entry + "\n");
  }
  if (const auto added = append(*keys_file, entry); !added) return fail(added.error().message);
  std::fputs(("dujiang: the entry is in " + *keys_file + "; the key is shown only now:\n").c_str(), stderr);
  return print(made->key + "\n");
}

}  // namespace dujiang::cli
