// Asks an HTTP proxy for a tunnel to a host (RFC 9110, section 9.3.6).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "adapters/http/client_proxy.hpp"
#include "adapters/net/tcp.hpp"
#include "base/time.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::http {

struct TunnelFailure {
  enum class Kind : std::uint8_t {
    forbidden,    // the proxy does not let us: waiting heals nothing
    unreachable,  // the proxy did not get through, or is out of order
    timeout,
  };
  Kind kind{};
  std::string message;  // "proxy proxy.lan:3128 did not connect to api.example:443: 403 Forbidden"
};

// `target`: "host:port". Returns `tcp` again, which is then a connection to the target. Bytes that the proxy
// sends after its answer, before anything was asked of the target, are refused.
runtime::Task<std::expected<std::unique_ptr<net::TcpConn>, TunnelFailure>> open_tunnel(
    std::unique_ptr<net::TcpConn> tcp, ProxyUrl proxy, std::string target, base::TimePoint until);

}  // namespace dujiang::adapters::http
