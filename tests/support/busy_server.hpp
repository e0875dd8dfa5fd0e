// The busy server in the test's own process, on a loop of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sim/options.hpp"
#include "sim/server.hpp"
#include "support/loop_thread.hpp"

namespace dujiang::testing {

class BusyServer {
 public:
  // A thousand scenario seconds pass in a real one unless told otherwise, so that the times of the
  // catalogue are milliseconds here.
  static constexpr double kSpeed = 1000;

  // The scenario `calm` without a fault but those that requests ask for.
  static sim::Options calm(double speed = kSpeed);

  explicit BusyServer(sim::Options options = calm());
  BusyServer(const BusyServer&) = delete;
  BusyServer& operator=(const BusyServer&) = delete;
  ~BusyServer();

  std::uint16_t port() const { return port_; }

  // Numbers of /sim/stats, and of its object `outcomes`: "attempts", "accepted", "cancelled", …
  std::uint64_t count(std::string_view name);
  // Waits, up to 20 s, until a number is at least `least`; what it then is.
  std::uint64_t await_count(std::string_view name, std::uint64_t least);

 private:
  std::string get(const std::string& path) const;

  LoopThread thread_;
  std::unique_ptr<sim::Server> server_;
  std::uint16_t port_ = 0;
};

// The answer to a prompt, byte for byte.
std::string answer_to(std::string_view prompt);
// The thought that comes before it.
std::string thought_of(std::string_view prompt);

}  // namespace dujiang::testing
