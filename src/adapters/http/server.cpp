#include "adapters/http/server.hpp"

#include <utility>

#include "adapters/http/server_connection.hpp"
#include "adapters/http/server_core.hpp"
#include "http/date.hpp"

namespace dujiang::adapters::http {
namespace {

// Connections beyond the limit that are told so at the same time; those beyond that are dropped.
constexpr std::size_t kTurnedAwayAtOnce = 64;

// How long it takes at most to see that there is room again.
constexpr base::Duration kLookAgain = std::chrono::milliseconds(50);

void pause(ServerCore& core, PauseReason reason) {
  if (!core.pause.paused()) ++core.counts.pauses[static_cast<std::size_t>(reason)];
  const auto text = core.pause.begin(reason, core.connections.size(), core.loop.now());
  if (text) core.warn("accept_paused", *text);
}

void go_on(ServerCore& core) {
  if (const auto text = core.pause.end(core.loop.now())) core.warn("accept_resumed", *text);
}

// Waits until one more connection may be open, or the listener is closed.
runtime::Task<void> room(ServerCore& core, const net::Listener& listener) {
  while (core.connections.size() >= core.most_connections && !listener.closed()) {
    pause(core, PauseReason::connections);
    co_await runtime::sleep_until(core.loop, base::after(core.loop.now(), kLookAgain));
  }
}

runtime::Task<void> accept_all(std::shared_ptr<ServerCore> core, std::shared_ptr<net::Listener> listener,
                               Door door) {
  // No web page can make a browser say a PROXY header, or call a Unix socket.
  const bool on_loopback = listener->address().is_loopback() && !door.proxy_protocol;
  listener->on_starved([&core = *core](int error) { pause(core, pause_reason(error)); });
  while (true) {
    co_await room(*core, *listener);
    net::Accepted accepted = co_await listener->accept();
    if (!accepted.conn) co_return;
    go_on(*core);
    ++core->counts.accepted;
    const bool is_full = core->connections.size() - core->turned_away >= core->settings.max_connections;
    const bool is_trusted = core->settings.trusted_proxies.contains(accepted.peer);
    if (door.proxy_protocol && !is_trusted) {
      core->count(RefusalReason::proxy_header);
      continue;
    }
    // A 503 is worth a handshake to nobody.
    if (is_full && (core->turned_away >= kTurnedAwayAtOnce || door.is_guarded())) {
      core->count(RefusalReason::too_many_connections);
      continue;
    }
    auto connection =
        std::make_shared<Connection>(core, std::move(accepted.conn),
                                     Admission{.peer = accepted.peer ? accepted.peer->to_string() : "unix",
                                               .on_loopback = on_loopback,
                                               .turned_away = is_full,
                                               .is_trusted = is_trusted},
                                     door);
    core->loop.spawn(is_full ? Connection::turn_away(connection) : Connection::serve(connection));
  }
}

}  // namespace

std::string_view name(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::bad_request:
      return "bad_request";
    case RefusalReason::timeout:
      return "timeout";
    case RefusalReason::body_too_large:
      return "body_too_large";
    case RefusalReason::head_too_large:
      return "head_too_large";
    case RefusalReason::expectation:
      return "expectation";
    case RefusalReason::browser_guard:
      return "browser_guard";
    case RefusalReason::too_many_connections:
      return "too_many_connections";
    case RefusalReason::tls_handshake:
      return "tls_handshake";
    case RefusalReason::not_cleared:
      return "not_cleared";
    case RefusalReason::memory_full:
      return "memory_full";
    case RefusalReason::proxy_header:
      return "proxy_header";
  }
  return "";
}

std::string_view ServerCore::date() {
  const base::WallTime now = loop.wall_now();
  if (now >= date_until_ || date_until_ - now > std::chrono::seconds(1)) {
    date_ = dujiang::http::format_date(now);
    date_until_ = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::seconds(1);
  }
  return date_;
}

HttpServer::HttpServer(runtime::EpollLoop& loop, ServerSettings settings, ports::Handler handler,
                       ErrorPage error_page, ports::FrontHooks hooks)
    : core_(std::make_shared<ServerCore>(loop, std::move(settings), std::move(handler), std::move(error_page),
                                         std::move(hooks))) {}

HttpServer::~HttpServer() {
  stop_accepting();
  close_all();
}

base::Result<net::SocketAddress> HttpServer::listen(const net::SocketAddress& at, Door door) {
  auto listener = net::Listener::open(core_->loop, at);
  if (!listener) return std::unexpected(listener.error());
  const net::SocketAddress bound = (*listener)->address();
  listen(std::move(*listener), std::move(door));
  return bound;
}

void HttpServer::listen(std::unique_ptr<net::Listener> listener, Door door) {
  const std::shared_ptr<net::Listener> shared = std::move(listener);
  core_->entrances.push_back({shared, door});
  core_->loop.spawn(accept_all(core_, shared, std::move(door)));
}

base::Result<void> HttpServer::listen_beside(const HttpServer& other) {
  for (const Entrance& entrance : other.core_->entrances) {
    auto listener = net::Listener::open_beside(core_->loop, *entrance.listener);
    if (!listener) return std::unexpected(listener.error());
    listen(std::move(*listener), entrance.door);
  }
  return {};
}

void HttpServer::adopt(ServerSettings settings) { core_->settings = std::move(settings); }

void HttpServer::accept_at_most(std::size_t connections) { core_->most_connections = connections; }

void HttpServer::use_body_memory(std::shared_ptr<BodyMemory> memory) {
  core_->body_memory = std::move(memory);
}

void HttpServer::on_warning(Warn warn) { core_->warn = std::move(warn); }

void HttpServer::stop_accepting() {
  core_->draining = true;
  for (const Entrance& entrance : core_->entrances) entrance.listener->close();
  for (Connection* connection : core_->connections) connection->close_if_idle();
}

void HttpServer::close_all() {
  for (Connection* connection : core_->connections) connection->drop();
}

runtime::Task<bool> HttpServer::drained(base::TimePoint until) {
  const std::shared_ptr<ServerCore> core = core_;
  while (!core->connections.empty()) {
    if (co_await core->emptied.wait(until) == runtime::Wake::timeout) break;
  }
  const bool is_empty = core->connections.empty();
  co_return is_empty;
}

ServerCounts HttpServer::counts() const {
  ServerCounts counts = core_->counts;
  counts.connections = core_->connections.size();
  return counts;
}

std::size_t HttpServer::connections() const { return core_->connections.size(); }

std::size_t HttpServer::active_requests() const { return core_->counts.active_requests; }

}  // namespace dujiang::adapters::http
