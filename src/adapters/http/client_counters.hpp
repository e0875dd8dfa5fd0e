// What the client counts of its connections, for metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ports/http_client.hpp"

namespace dujiang::adapters::http {

// Why there is no connection to an endpoint.
enum class ConnectFault : std::uint8_t { dns, connect, connect_timeout, tls, local };
inline constexpr std::size_t kConnectFaults = 5;

// The code that an attempt which fails for it has.
std::string_view name(ConnectFault fault);

// `failure`: of those that end an exchange before there is a connection.
ConnectFault connect_fault(ports::IoFailure failure);

// Totals since the start, but for `open` and `idle`.
struct ClientCounters {
  std::uint64_t pool_hits = 0;
  std::uint64_t connections_opened = 0;
  std::array<std::uint64_t, kConnectFaults> connects_failed{};  // by ConnectFault
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_resumed = 0;  // of these
  std::uint64_t stale_repeats = 0;
  std::size_t open = 0;  // connections now, idle ones among them
  std::size_t idle = 0;

  void count(ports::IoFailure failure) {
    ++connects_failed[static_cast<std::size_t>(connect_fault(failure))];
  }

  ClientCounters& operator+=(const ClientCounters& other);
};

}  // namespace dujiang::adapters::http
