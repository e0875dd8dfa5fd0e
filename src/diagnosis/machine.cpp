#include "diagnosis/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dujiang::diagnosis {
namespace {

// Beside connections: the log, listeners, resolvers.
constexpr std::size_t kForTheRest = 128;

constexpr const char* kRaise =
    "raise the hard limit (LimitNOFILE= in the unit, `ulimit -Hn` in a shell; the service has "
    "its own, not this shell's), or lower `listen.max_connections` and `memory.streams`";

}  // namespace

Finding judge_listener(const ListenerSeen& seen) {
  using State = ListenerSeen::State;
  Finding finding{.check = check::kListener};
  switch (seen.state) {
    case State::free:
      finding.found = seen.where + " is free";
      break;
    case State::any_port:
      finding.found = seen.where + ": there will be a free port";
      break;
    case State::gateway:
      finding.found = seen.where + ": a gateway serves there, and is ready";
      break;
    case State::draining:
      finding.level = Level::warn;
      finding.found = seen.where + ": a gateway serves there, and is about to end";
      finding.advice = "new calls are not taken any more; start it again when it has ended";
      break;
    case State::unseen:
      finding.level = Level::skipped;
      finding.found =
          seen.where + ": somebody listens there already; whether it is a gateway can't be seen from here";
      break;
    case State::refused: {
      finding.level = Level::fail;
      const auto advice = seen.failure.find("; ");
      finding.found = seen.failure.substr(0, advice);
      finding.advice = advice == std::string::npos ? "change `listen`, or free the address"
                                                   : seen.failure.substr(advice + 2);
      break;
    }
  }
  return finding;
}

Finding judge_descriptors(const DescriptorsSeen& seen) {
  Finding finding{.check = check::kDescriptors};
  const std::size_t streams = std::min(seen.max_streams, seen.max_connections);
  const std::size_t wanted = seen.max_connections + streams + kForTheRest;
  if (seen.callers < seen.max_connections) {
    finding.level = Level::warn;
    finding.found = fmt::format("{} allow {} connections of callers, not the {} of `listen.max_connections`",
                                seen.limit, seen.callers, seen.max_connections);
    finding.advice = kRaise;
  } else if (seen.limit < wanted) {
    finding.level = Level::warn;
    finding.found = fmt::format("{} are enough for {} connections, but {} streams at once would need {}",
                                seen.limit, seen.max_connections, streams, wanted);
    finding.advice = kRaise;
  } else {
    finding.found = fmt::format("{} allowed; {} connections and {} streams at once need {}", seen.limit,
                                seen.max_connections, streams, wanted);
  }
  return finding;
}

}  // namespace dujiang::diagnosis
