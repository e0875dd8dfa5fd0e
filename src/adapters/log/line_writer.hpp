// Lines on their way to a descriptor: held in bounded memory and written by a thread of their own, so that a
// full disk or a reader who does not read holds no loop up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/log/lines.hpp"
#include "base/time.hpp"

namespace dujiang::adapters::log {

class LineWriter final : public Lines {
 public:
  struct Limits {
    std::size_t bytes = 4 << 20;  // held while the descriptor takes none; lines beyond are lost
    // Time in which lines gather for one write: a line is out so much later, and costs so much less.
    base::Duration gather = std::chrono::milliseconds(50);
    base::Duration retry = std::chrono::seconds(1);   // after a write that failed
    base::Duration finish = std::chrono::seconds(2);  // for what is held at the end
  };

  // The line that stands where `lost` lines are missing, with its end; `why` is what the system said, empty
  // where the descriptor was only slow. Called from any thread.
  using Announce = std::function<std::string(std::uint64_t lost, std::string_view why)>;

  // Does not own `fd`; what it is (file, pipe, socket, terminal) does not matter. A write that fails is tried
  // again for ever: disks are emptied, and pipes get new readers.
  LineWriter(int fd, Announce announce);
  LineWriter(int fd, Announce announce, Limits limits);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter() override;

  void append(std::string_view line) override;
  ports::LogState state() const override;

  // Writes what is held, gives up after Limits::finish, and takes nothing more.
  void finish();

 private:
  class State;
  std::shared_ptr<State> state_;  // with the thread, which may be stuck in a write
};

}  // namespace dujiang::adapters::log
