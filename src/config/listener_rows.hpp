// The rows that the first listener and all further ones have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "config/net_codec.hpp"
#include "config/shape.hpp"

namespace dujiang::config {

// `more` follow after them.
template <class S>
std::vector<Field<S>> listener_rows(std::vector<Field<S>> more = {}) {
  std::vector<Field<S>> rows{
      field<S>("address", &S::address, ip_address(),
               "Address to bind; one that is not loopback needs `caller_keys`, or `insecure: true`."),
      field<S>("port", &S::port, integer<std::uint16_t>(0, 65535), "Port to bind; 0 takes any free one."),
      field<S>(
          "unix", &S::unix_path, optional_of(file()),
          "Unix socket to listen on instead of an address and a port. A leftover at that path is replaced, "
          "a socket that somebody listens on is not."),
      field<S>("unix_mode", &S::unix_mode, file_mode(), "Rights of the Unix socket: who may write may call."),
      field<S>("tls", &S::tls, optional_of(object(certificate_table())),
               "Speaks TLS 1.2 and 1.3 with this certificate; without it plain HTTP."),
      field<S>(
          "proxy_protocol", &S::proxy_protocol, boolean(),
          "Each connection begins with a PROXY header, version 1 or 2, of one of `listen.trusted_proxies`, "
          "which tells whose it is; others are closed."),
  };
  for (std::size_t i = 0; i < 2; ++i) {
    rows[i].show = [show = rows[i].show](const S& listener) {
      return listener.unix_path ? Value{} : show(listener);  // it has neither address nor port
    };
  }
  for (Field<S>& row : more) rows.push_back(std::move(row));
  return rows;
}

}  // namespace dujiang::config
