// Which endpoint of an upstream the next connection goes to.
//
// An endpoint that could not be connected to is *down*: it is left alone for `probe_interval`, then one
// caller at a time may try it in its turn. Only a connection that succeeds brings it back. With every
// endpoint down and none due, there is no choice: failing at once is kinder than queueing at a closed door.
//
// Of each choose() the outcome is told once: connected(), refused() or abandoned().
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "balance/strategy.hpp"
#include "base/time.hpp"

namespace dujiang::balance {

class Balancer {
 public:
  Balancer(std::size_t endpoints, std::unique_ptr<Strategy> strategy, base::Duration probe_interval);

  // An endpoint to connect to, none of those in `tried`; nothing when the others are down and not due.
  std::optional<std::size_t> choose(base::TimePoint now, std::span<const std::size_t> tried = {});

  void connected(std::size_t endpoint);
  void refused(std::size_t endpoint, base::TimePoint now);
  // Given up before it was known (the caller left): says nothing about the endpoint.
  void abandoned(std::size_t endpoint);

  // What another balancer knows of its endpoint `its` is true of `endpoint` too: they are the same one.
  void inherit(std::size_t endpoint, const Balancer& before, std::size_t its);

  bool down(std::size_t endpoint) const { return states_[endpoint].down; }

 private:
  struct State {
    bool down = false;
    bool probing = false;
    base::TimePoint probe_at;
  };

  static bool usable(const State& state, base::TimePoint now) {
    return !state.down || (!state.probing && now >= state.probe_at);
  }

  std::unique_ptr<Strategy> strategy_;
  base::Duration probe_interval_;
  std::vector<State> states_;
  std::vector<std::size_t> candidates_;  // of the current choice; kept for its memory
};

}  // namespace dujiang::balance
