#include "adapters/net/ares_channel.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace dujiang::adapters::net {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";

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

// When /etc/resolv.conf was last written: a machine that changes its network gets other servers.
timespec resolv_conf_time() {
  struct stat status{};
  if (stat(kResolvConf, &status) != 0) return {};
  return status.st_mtim;
}

bool same(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

class AresChannel::Impl final : private runtime::Timer {
 public:
  Impl(runtime::EpollLoop& loop, DnsServers servers) : loop_(loop), servers_(std::move(servers)) {}
  ~Impl() override { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void look_up(const std::string& name, Done done) {
    if (!ready()) {
      done(base::fail("the resolver could not start: " + error_));
      return;
    }
    ++pending_;
    auto query = std::make_unique<Query>(Query{.self = *this, .done = std::move(done)});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Impl::finished, query.release());
    schedule();
  }

 private:
  struct Query {
    Impl& self;
    Done done;
  };

  // One of c-ares' sockets on the loop, until c-ares closes it.
  struct Watch final : runtime::Watcher {
    Watch(Impl& to, int descriptor) : impl(to), fd(descriptor) {}
    // c-ares may close the socket meanwhile, and with it end this.
    void on_ready(runtime::Readiness ready) override {
      impl.process(ready.readable ? fd : ARES_SOCKET_BAD, ready.writable ? fd : ARES_SOCKET_BAD);
    }
    Impl& impl;
    int fd;
  };

  bool ready() {
    if (channel_ != nullptr && pending_ == 0 && servers_.addresses.empty() &&
        !same(configured_at_, resolv_conf_time())) {
      close();
    }
    return channel_ != nullptr || open();
  }

  bool open() {
    configured_at_ = resolv_conf_time();
    ares_options options{};
    char lookups[] = "fb";  // /etc/hosts first
    options.lookups = lookups;
    options.timeout = static_cast<int>(servers_.attempt_timeout.count());
    options.tries = servers_.attempts;
    options.sock_state_cb = &Impl::socket_changed;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&channel_, &options, mask);
    if (status == ARES_SUCCESS && !servers_.addresses.empty()) {
      status = ares_set_servers_ports_csv(channel_, servers_.addresses.c_str());
    }
    if (status == ARES_SUCCESS) return true;
    error_ = ares_strerror(status);
    close();
    return false;
  }

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
    static_cast<Impl*>(argument)->watch(fd, readable != 0, writable != 0);
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
  DnsServers servers_;
  ares_channel channel_ = nullptr;
  std::string error_;
  timespec configured_at_{};
  std::size_t pending_ = 0;
  std::unordered_map<int, std::unique_ptr<Watch>> watches_;
};

AresChannel::AresChannel(runtime::EpollLoop& loop, DnsServers servers)
    : impl_(std::make_unique<Impl>(loop, std::move(servers))) {}

AresChannel::~AresChannel() = default;

void AresChannel::look_up(const std::string& name, Done done) { impl_->look_up(name, std::move(done)); }

}  // namespace dujiang::adapters::net
