// The connection as the busy server uses it: writes whole texts, waits while it watches for the caller's
// hang-up.
#pragma once

#include <cstddef>
#include <string>

#include "adapters/net/conn.hpp"
#include "runtime/loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::sim {

class Wire {
 public:
  Wire(adapters::net::Conn& conn, runtime::Loop& loop) : conn_(conn), loop_(loop) {}

  // Bytes that came and were not taken yet: the request, then what the caller pipelines.
  std::string& incoming() { return incoming_; }

  // Reads more of them; false at the end of the caller's side.
  runtime::Task<bool> read_more();

  // Returns when the kernel has taken all; false when the caller is gone.
  runtime::Task<bool> write(std::string bytes);

  // One byte per write, and a turn of the loop between them.
  runtime::Task<bool> write_bytewise(std::string bytes);

  // False when the caller hangs up before `until`. A caller who ends only his side counts as gone.
  runtime::Task<bool> wait(base::TimePoint until);

  // Drops the connection; the caller sees a reset.
  void reset();

  bool gone() const { return gone_; }

 private:
  // True when bytes came; false when there are none now, or the caller is gone.
  bool try_read();

  // Takes what is there, within bounds, without waiting.
  void poll();

  adapters::net::Conn& conn_;
  runtime::Loop& loop_;
  std::string incoming_;
  bool gone_ = false;
};

}  // namespace dujiang::sim
