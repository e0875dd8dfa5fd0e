// The rows that the first listener and all further ones have in common.
#pragma once

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
      field<S>("tls", &S::tls, optional_of(object(certificate_table())),
               "Speaks TLS 1.2 and 1.3 with this certificate; without it plain HTTP."),
  };
  for (Field<S>& row : more) rows.push_back(std::move(row));
  return rows;
}

}  // namespace dujiang::config
