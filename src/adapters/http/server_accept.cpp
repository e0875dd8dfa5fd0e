#include "adapters/http/server_accept.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace dujiang::adapters::http {
namespace {

std::string why(PauseReason reason, std::size_t open) {
  switch (reason) {
    case PauseReason::connections:
      return fmt::format("{} connections of callers are open, as many as the descriptor limit allows", open);
    case PauseReason::descriptors:
      return "the process, or the machine, has no descriptor left";
    case PauseReason::memory:
      return "the kernel has no memory left for a connection";
  }
  return {};
}

}  // namespace

std::string_view name(PauseReason reason) {
  switch (reason) {
    case PauseReason::connections:
      return "connections";
    case PauseReason::descriptors:
      return "descriptors";
    case PauseReason::memory:
      return "memory";
  }
  return {};
}

PauseReason pause_reason(int error) {
  return error == EMFILE || error == ENFILE ? PauseReason::descriptors : PauseReason::memory;
}

std::optional<std::string> AcceptPause::begin(PauseReason reason, std::size_t open, base::TimePoint now) {
  if (std::exchange(paused_, true)) return std::nullopt;
  since_ = now;
  told_ = !told_at_ || now - *told_at_ >= kQuiet;
  if (!told_) {
    ++untold_;
    return std::nullopt;
  }
  told_at_ = now;
  const std::uint64_t others = std::exchange(untold_, 0);
  return fmt::format(
      "{}: new ones wait until one ends{}{}", why(reason, open),
      reason == PauseReason::memory ? "" : "; raise the limit (LimitNOFILE=, ulimit -n)",
      others == 0 ? "" : fmt::format(" (it came to that {} times since it was last told)", others));
}

std::optional<std::string> AcceptPause::end(base::TimePoint now) {
  if (!std::exchange(paused_, false) || !std::exchange(told_, false)) return std::nullopt;
  return fmt::format("connections are accepted again, after {:.1f} s", base::seconds(now - since_));
}

}  // namespace dujiang::adapters::http
