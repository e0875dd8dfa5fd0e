// The upstream of the benchmarks: answers each chat request at once with the same 600 bytes, or with a paced
// stream.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "poller.hpp"

namespace dujiang::bench {

/// A non-blocking socket that listens on a free port of the loopback address, and that port.
int listen_on_loopback();
std::uint16_t port_of(int listener);

class Upstream {
 public:
  /// A stream has `events` events, one every `interval`, then its end. `listener` is listening and
  /// non-blocking.
  Upstream(int listener, ssl_ctx_st* tls, std::size_t events, Nanoseconds interval);

  /// Serves until `until`.
  void serve(Nanoseconds until);

 private:
  struct Member {
    Connection connection;
    std::string request;           // What has come of it.
    std::uint64_t generation = 0;  // Tells a connection from the next one at its place.
    std::size_t events_left = 0;
  };
  struct Due {
    Nanoseconds at;
    std::size_t index;
    std::uint64_t generation;
  };

  void accept_all();
  void handle(std::size_t index);
  void answer(std::size_t index);
  void send_due(Nanoseconds at);
  void drop(std::size_t index);

  int listener_;
  ssl_ctx_st* tls_;
  std::size_t events_;
  Nanoseconds interval_;
  Poller poller_;
  std::vector<Member> members_;
  std::vector<std::size_t> free_;
  std::deque<Due> due_;  // In order, since all wait equally long.
  std::string whole_answer_;
  std::vector<char> buffer_;
};

}  // namespace dujiang::bench
