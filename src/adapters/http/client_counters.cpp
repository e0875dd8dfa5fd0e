#include "adapters/http/client_counters.hpp"

namespace dujiang::adapters::http {

std::string_view name(ConnectFault fault) {
  switch (fault) {
    case ConnectFault::dns:
      return "dns";
    case ConnectFault::connect:
      return "connect";
    case ConnectFault::connect_timeout:
      return "connect_timeout";
    case ConnectFault::tls:
      return "tls";
    case ConnectFault::local:
      return "gateway_exhausted";
  }
  return "";
}

ConnectFault connect_fault(ports::IoFailure failure) {
  switch (failure) {
    case ports::IoFailure::dns:
      return ConnectFault::dns;
    case ports::IoFailure::connect_timeout:
      return ConnectFault::connect_timeout;
    case ports::IoFailure::tls:
      return ConnectFault::tls;
    case ports::IoFailure::local:
      return ConnectFault::local;
    default:
      return ConnectFault::connect;
  }
}

ClientCounters& ClientCounters::operator+=(const ClientCounters& other) {
  pool_hits += other.pool_hits;
  connections_opened += other.connections_opened;
  for (std::size_t i = 0; i < kConnectFaults; ++i) connects_failed[i] += other.connects_failed[i];
  tls_handshakes += other.tls_handshakes;
  tls_resumed += other.tls_resumed;
  stale_repeats += other.stale_repeats;
  open += other.open;
  idle += other.idle;
  return *this;
}

}  // namespace dujiang::adapters::http
