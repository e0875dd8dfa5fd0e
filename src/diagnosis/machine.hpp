// Judges what this machine gives a gateway: the addresses to listen on, descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "diagnosis/finding.hpp"

namespace dujiang::diagnosis {

struct ListenerSeen {
  enum class State : std::uint8_t {
    free,
    any_port,  // port 0: there will be a free one
    gateway,   // a gateway serves there
    draining,  // a gateway that is about to end
    unseen,    // somebody listens there; whether it is a gateway can't be seen
    refused,   // it can't be listened on: see `failure`
  };
  std::string where;  // "127.0.0.1:8080", "unix:/run/dujiang.sock"
  State state = State::free;
  std::string failure{};  // "…: is in use; …"
};

Finding judge_listener(const ListenerSeen& seen);

struct DescriptorsSeen {
  std::size_t limit = 0;            // the hard limit, which the gateway takes
  std::size_t callers = 0;          // connections of callers that it allows
  std::size_t max_connections = 0;  // as configured
  std::size_t max_streams = 0;      // as configured
};

Finding judge_descriptors(const DescriptorsSeen& seen);

}  // namespace dujiang::diagnosis
