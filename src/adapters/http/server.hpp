// The HTTP/1.1 front: listens, reads requests whole, hands each to a handler and writes its answer.
//
// It answers by itself what never becomes a request: broken or too large heads and bodies, time-outs, unknown
// expectations, web pages that may not call, too many connections, and what the hooks don't let in.
// Everything else is the handler's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/net/address.hpp"
#include "adapters/net/listener.hpp"
#include "adapters/net/tls_identity.hpp"
#include "adapters/net/trusted_peers.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "http/browser_guard.hpp"
#include "http/cors.hpp"
#include "ports/http_server.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::http {

struct ServerSettings {
  std::size_t max_head_bytes = 65536;          // of a request: first line and header fields; 431 beyond
  std::size_t max_target_bytes = 16384;        // path and query; 414 beyond
  std::uint64_t max_body_bytes = 16ull << 20;  // 413 beyond, before it is read where its length is announced
  std::size_t max_connections = 10000;         // 503 beyond
  std::uint64_t body_memory_bytes = 1ull << 30;              // of all bodies together; 503 beyond
  base::Duration header_timeout = std::chrono::seconds(10);  // from the first byte of a head to its last; 408
  base::Duration body_timeout = std::chrono::minutes(2);     // from the head to the body's last byte; 408
  base::Duration idle_timeout = std::chrono::seconds(75);    // without a request; closes
  // A caller who takes none of the answer's bytes for so long counts as gone.
  base::Duration write_timeout = std::chrono::seconds(60);
  dujiang::http::BrowserGuardSettings browser_guard;
  dujiang::http::CorsSettings cors;
  // Who may tell by a PROXY header or by X-Forwarded-For whom a connection or a request comes from.
  net::TrustedPeers trusted_proxies;
};

// The body of an answer that the front gives by itself.
struct ErrorBody {
  std::string body;
  std::string content_type;
};

// `code` is a short name that does not change ("body_too_large"); `message` says what was wrong and what is
// right.
using ErrorPage = std::function<ErrorBody(int status, std::string_view code, std::string_view message)>;

// What stands between a listener and the first request on each of its connections.
struct Door {
  std::shared_ptr<net::OwnCertificate> certificate{};  // TLS; null: plain
  // Each connection begins, before TLS, with a PROXY header of a trusted proxy; others are closed.
  bool proxy_protocol = false;

  bool is_guarded() const { return certificate != nullptr || proxy_protocol; }
};

// Why the front refused a request by itself.
enum class RefusalReason : std::uint8_t {
  bad_request,
  timeout,
  body_too_large,
  head_too_large,
  expectation,
  browser_guard,
  too_many_connections,
  tls_handshake,
  not_cleared,  // by the application: its key, for example
  memory_full,
  proxy_header,
};
inline constexpr std::size_t kRefusalReasons = 11;
std::string_view name(RefusalReason reason);

// Why no connections were accepted for a while.
enum class PauseReason : std::uint8_t { connections, descriptors, memory };
inline constexpr std::size_t kPauseReasons = 3;
std::string_view name(PauseReason reason);

struct ServerCounts {
  std::size_t connections = 0;                               // open now
  std::size_t active_requests = 0;                           // with the handler now
  std::uint64_t accepted = 0;                                // connections, since the start
  std::uint64_t requests = 0;                                // handed to the handler, since the start
  std::array<std::uint64_t, kRefusalReasons> refused{};      // by RefusalReason
  std::array<std::uint64_t, kPauseReasons> pauses{};         // by PauseReason
  std::array<std::uint64_t, net::kHandshakes> handshakes{};  // by net::Handshake
};

// Gets what an operator should know: an event ("accept_paused") and a sentence.
using Warn = std::function<void(std::string_view event, std::string_view message)>;

class BodyMemory;
class ServerCore;

class HttpServer {
 public:
  HttpServer(runtime::EpollLoop& loop, ServerSettings settings, ports::Handler handler, ErrorPage error_page,
             ports::FrontHooks hooks = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // Closes everything. Handlers that run see their callers gone; they end in later turns of the loop, so what
  // they use must live until drained() or as long as the loop.
  ~HttpServer();

  // Accepts connections on one more address; port 0 takes any free one. Returns what was bound.
  base::Result<net::SocketAddress> listen(const net::SocketAddress& at, Door door = {});
  // Accepts connections of one more listener.
  void listen(std::unique_ptr<net::Listener> listener, Door door = {});
  // Accepts beside every listener of another server: each connection comes to one of both.
  base::Result<void> listen_beside(const HttpServer& other);

  // Goes on with other limits and times: for what begins from now on, the next head, body or wait.
  void adopt(ServerSettings settings);

  // Lets connections wait in the kernel while so many are open: what descriptors allow.
  void accept_at_most(std::size_t connections);
  void on_warning(Warn warn);
  // Shares it with the servers of other loops; until then the server has one of its own.
  void use_body_memory(std::shared_ptr<BodyMemory> memory);

  // Begins to drain: no new connections, idle ones are closed, busy ones end with the answer they are at.
  void stop_accepting();

  // Drops every connection; running handlers see their callers gone.
  void close_all();

  // Resumes when no connection is left (true) or at `until` (false). One caller at a time.
  runtime::Task<bool> drained(base::TimePoint until);

  ServerCounts counts() const;
  std::size_t connections() const;
  std::size_t active_requests() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace dujiang::adapters::http
