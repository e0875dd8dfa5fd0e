// The way out: one HTTP exchange with an upstream, pulled event by event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/headers.hpp"
#include "route/spec.hpp"
#include "runtime/task.hpp"

namespace dujiang::ports {

struct ClientRequest {
  std::string_view upstream;  // name of the configured upstream: picks endpoints, TLS and pool
  // The configuration of that upstream under which the call was permitted: it goes to the endpoints of this
  // one or nowhere, so that a key never reaches one that it was not meant for. Null: the configuration of
  // today.
  const route::UpstreamSpec* as_configured = nullptr;
  std::string_view method;  // "POST"
  std::string target;       // path and query below the upstream's base URL, "/chat/completions"
  http::Headers headers;    // end-to-end fields only; Host, lengths and connection fields are the client's
  std::string_view body;    // looked at until is_done_with_body()

  // A kept connection that the peer closes just as the request goes out gives no answer. Send it once more
  // then, on a fresh connection: safe but for the rare peer that took the request and fell silent; sent()
  // counts both. False: a connection is made for it, unless one was at work a moment ago.
  bool repeat_on_stale = true;
};

// Why an exchange ended without a whole answer.
enum class IoFailure : std::uint8_t {
  no_endpoint,  // every endpoint refuses connections for now
  dns,          // the name did not resolve
  connect,      // refused or unreachable
  connect_timeout,
  local,     // this machine has no descriptor, port or memory left for a connection
  tls,       // handshake or certificate
  reset,     // the connection broke
  closed,    // end of stream before the end of the message
  protocol,  // the bytes are not HTTP, or exceed a limit
};

// How much of the request an upstream can have seen; money hangs on it.
enum class Sent : std::uint8_t { nothing, some, everything };

struct HttpEvent {
  enum class Kind : std::uint8_t {
    head,     // status and headers are known; once, first
    body,     // `bytes` arrived; valid until the next call
    end,      // the message is complete
    failure,  // `failure` and `detail` say why; nothing follows
    timeout,  // `until` came first; the exchange goes on and may be asked again
  };
  Kind kind = Kind::timeout;
  std::string_view bytes{};
  IoFailure failure{};
  std::string detail{};  // for logs: never a header or body
};

class HttpExchange {
 public:
  HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  // Ends the exchange: an unfinished one is cancelled upstream at once by closing its connection.
  virtual ~HttpExchange() = default;

  // The next event, or `timeout` at `until`. The first call starts the exchange. One call at a time;
  // destroying the exchange while a call is suspended is not allowed: interrupt() first.
  virtual runtime::Task<HttpEvent> next(base::TimePoint until) = 0;

  // Makes a suspended next(), or else the one that comes next, return `timeout` at once.
  virtual void interrupt() = 0;

  // Valid from the `head` event on.
  virtual int status() const = 0;
  virtual const http::Headers& headers() const = 0;

  // Over all connections that it was tried on: what it may cost.
  virtual Sent sent() const = 0;

  // Whether ClientRequest::body is looked at no more: an answer has begun, so that the request goes out on no
  // other connection, and on this one all of it has.
  virtual bool is_done_with_body() const = 0;
  virtual std::string_view endpoint() const = 0;  // "host:port" in use, empty before one is chosen
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual std::unique_ptr<HttpExchange> open(ClientRequest request) = 0;
};

}  // namespace dujiang::ports
