// A byte stream to one peer: TCP, Unix socket, TLS or proxied, all alike to those who read and write.
//
// Reads and writes never block: try, and where the answer is would_block, wait for the signal and try again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/loop.hpp"

namespace dujiang::adapters::net {

enum class IoStatus : std::uint8_t {
  ok,
  would_block,
  eof,    // the peer ended its side
  reset,  // the connection is broken
};

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;  // > 0 when ok
};

class Conn {
 public:
  Conn() = default;
  Conn(const Conn&) = delete;
  Conn& operator=(const Conn&) = delete;
  // Closes the connection if that has not been done.
  virtual ~Conn() = default;

  // REQUIRES: `into` is not empty.
  virtual IoResult read(std::span<char> into) = 0;

  // Writes from both buffers in one call to the kernel; `bytes` counts over both.
  virtual IoResult write(std::string_view first, std::string_view second = {}) = 0;

  // Signalled when a read (write) that would have blocked is worth another try, or by anyone who wants its
  // waiter awake; so a waiter always tries again. Waiting without having tried first is allowed.
  virtual runtime::Signal& readable() = 0;
  virtual runtime::Signal& writable() = 0;

  // Whether a read is worth a try although nobody signalled: bytes, an end or a reset may be there. Asks
  // nobody, so it knows what was known when the turn of the loop began.
  virtual bool may_have_more() const = 0;

  // Ends our side properly (TLS close_notify, FIN); what the peer still sends can be read.
  virtual void shutdown_write() = 0;

  // Whether the peer has ended its side or broken the connection, even where bytes of its are still unread.
  virtual bool peer_has_left() const = 0;

  // Drops the connection so that the peer sees a reset.
  virtual void reset() = 0;
};

}  // namespace dujiang::adapters::net
