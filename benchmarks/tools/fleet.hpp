// Many connections to one server: opens them at a bounded pace, opens again what breaks, hands on what comes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "poller.hpp"

namespace dujiang::bench {

/// What is told about connection `index`.
class FleetListener {
 public:
  virtual ~FleetListener() = default;
  virtual void on_open(std::size_t index) = 0;
  virtual void on_bytes(std::size_t index, std::string_view bytes) = 0;
  /// The other side has ended it, or it broke. It is opened again.
  virtual void on_closed(std::size_t index) = 0;
};

class Fleet {
 public:
  Fleet(std::uint16_t port, std::size_t size, ssl_ctx_st* tls, FleetListener& listener);

  std::size_t size() const { return members_.size(); }

  /// Sends on an open connection.
  void send(std::size_t index, std::string_view bytes);

  /// Handles what is ready, or waits for it until `until`.
  void turn(Nanoseconds until);

 private:
  struct Member {
    Connection connection;
    bool has_begun = false;  // It is counted in opening_.
  };

  void open_more();
  void handle(std::size_t index, std::uint32_t events);
  void lose(std::size_t index);
  void settle(Member& member);

  std::uint16_t port_;
  ssl_ctx_st* tls_;
  FleetListener& listener_;
  Poller poller_;
  std::vector<Member> members_;
  std::vector<std::size_t> closed_;
  std::size_t opening_ = 0;
  std::vector<char> buffer_;
};

}  // namespace dujiang::bench
