#include "adapters/net/ares_channel.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dujiang::adapters::net {
namespace {

base::Result<DnsAnswer> read_answer(int status, const ares_addrinfo* info) {
  if (status != ARES_SUCCESS) return base::fail(ares_strerror(status));
  DnsAnswer answer;
  int ttl = std::numeric_limits<int>::max();
  for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
    const SocketAddress address = SocketAddress::from_native(*node->ai_addr).with_port(0);
    if (std::ranges::find(answer.addresses, address) != answer.addresses.end()) continue;
    answer.addresses.push_back(address);
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const auto* alias = info->cnames; alias != nullptr; alias = alias->next)
    ttl = std::min(ttl, alias->ttl);
  if (answer.addresses.empty()) return base::fail(ares_strerror(ARES_ENODATA));
  answer.ttl = std::chrono::seconds(std::max(ttl, 0));
  return answer;
}

// Which version of a file there is. Within one tick of the clock its size or its inode tells.
struct FileVersion {
  explicit FileVersion(const std::string& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return;
    device = status.st_dev;
    inode = status.st_ino;
    size = status.st_size;
    seconds = status.st_mtim.tv_sec;
    nanoseconds = status.st_mtim.tv_nsec;
  }
  bool operator==(const FileVersion&) const = default;

  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  time_t seconds = 0;
  long nanoseconds = 0;
};

// c-ares as it was configured at one time.
class Channel final : private runtime::Timer {
 public:
  using Done = AresChannel::Done;

  explicit Channel(runtime::EpollLoop& loop) : loop_(loop) {}
  ~Channel() override { close(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The error says why it can't be used.
  base::Result<void> open(const DnsServers& servers) {
    ares_options options{};
    std::string lookups = "fb";  // /etc/hosts first
    std::string resolv_conf = servers.resolv_conf;
    options.lookups = lookups.data();
    options.resolvconf_path = resolv_conf.data();
    options.udp_port = servers.port;
    options.tcp_port = servers.port;
    options.timeout = static_cast<int>(servers.attempt_timeout.count());
    options.tries = servers.attempts;
    options.sock_state_cb = &Channel::socket_changed;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
                     ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&channel_, &options, mask);
    if (status == ARES_SUCCESS && !servers.addresses.empty()) {
      status = ares_set_servers_ports_csv(channel_, servers.addresses.c_str());
    }
    if (status == ARES_SUCCESS) return {};
    close();
    return base::fail(ares_strerror(status));
  }

  void look_up(const std::string& name, Done done) {
    ++pending_;
    auto query = std::make_unique<Query>(Query{.self = *this, .done = std::move(done)});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Channel::finished, query.release());
    schedule();
  }

  std::size_t pending() const { return pending_; }

 private:
  struct Query {
    Channel& self;
    Done done;
  };

  // One of c-ares' sockets on the loop, until c-ares closes it.
  struct Watch final : runtime::Watcher {
    Watch(Channel& to, int descriptor) : channel(to), fd(descriptor) {}
    // c-ares may close the socket meanwhile, and with it end this.
    void on_ready(runtime::Readiness ready) override {
      channel.process(ready.readable ? fd : ARES_SOCKET_BAD, ready.writable ? fd : ARES_SOCKET_BAD);
    }
    Channel& channel;
    int fd;
  };

  void close() {
    if (channel_ == nullptr) return;
    ares_destroy(std::exchange(channel_, nullptr));  // ends every query and closes every socket
    loop_.arm(*this, base::kNever);
  }

  static void finished(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Query> query(static_cast<Query*>(argument));
    --query->self.pending_;
    auto answer = read_answer(status, info);
    if (info != nullptr) ares_freeaddrinfo(info);
    query->done(std::move(answer));
  }

  static void socket_changed(void* argument, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(argument)->watch(fd, readable != 0, writable != 0);
  }

  void watch(int fd, bool want_read, bool want_write) {
    using Want = runtime::EpollLoop::Want;
    auto it = watches_.find(fd);
    if (!want_read && !want_write) {
      if (it == watches_.end()) return;
      loop_.unwatch(fd, *it->second);  // c-ares closes it next
      watches_.erase(it);
      return;
    }
    if (it == watches_.end()) it = watches_.emplace(fd, std::make_unique<Watch>(*this, fd)).first;
    const Want want = !want_read ? Want::write : !want_write ? Want::read : Want::both;
    // Unwatched, the socket stays silent, and the query ends with its time.
    [[maybe_unused]] const bool watched = loop_.watch_level(fd, *it->second, want);
  }

  void process(int readable, int writable) {
    ares_process_fd(channel_, readable, writable);
    schedule();
  }

  void fire() override {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    schedule();
  }

  void schedule() {
    timeval span{};
    if (ares_timeout(channel_, nullptr, &span) == nullptr) {
      loop_.arm(*this, base::kNever);
      return;
    }
    const auto wait = std::chrono::seconds(span.tv_sec) + std::chrono::microseconds(span.tv_usec);
    loop_.arm(*this, base::after(loop_.now(), wait));
  }

  runtime::EpollLoop& loop_;
  ares_channel channel_ = nullptr;
  std::size_t pending_ = 0;
  std::unordered_map<int, std::unique_ptr<Watch>> watches_;
};

}  // namespace

class AresChannel::Impl {
 public:
  Impl(runtime::EpollLoop& loop, DnsServers servers) : loop_(loop), servers_(std::move(servers)) {}

  void look_up(const std::string& name, Done done) {
    if (auto ready = get_ready(); !ready) {
      return done(base::fail("the resolver could not start: " + ready.error().message));
    }
    current_->look_up(name, std::move(done));
  }

 private:
  // A machine that changes its network gets other servers. Who asked the old ones already waits for these.
  base::Result<void> get_ready() {
    std::erase_if(former_, [](const auto& channel) { return channel->pending() == 0; });
    const FileVersion version(servers_.resolv_conf);
    if (current_ && (version == version_ || !servers_.addresses.empty())) return {};
    version_ = version;
    auto fresh = std::make_unique<Channel>(loop_);
    const auto opened = fresh->open(servers_);
    if (!opened && !current_) return opened;
    if (!opened) return {};  // a file that can't be used: as before, until it changes again
    if (current_) former_.push_back(std::move(current_));
    current_ = std::move(fresh);
    return {};
  }

  runtime::EpollLoop& loop_;
  DnsServers servers_;
  FileVersion version_{servers_.resolv_conf};
  std::unique_ptr<Channel> current_;
  std::vector<std::unique_ptr<Channel>> former_;  // with look-ups under way
};

AresChannel::AresChannel(runtime::EpollLoop& loop, DnsServers servers)
    : impl_(std::make_unique<Impl>(loop, std::move(servers))) {}

AresChannel::~AresChannel() = default;

void AresChannel::look_up(const std::string& name, Done done) { impl_->look_up(name, std::move(done)); }

}  // namespace dujiang::adapters::net
