// What one check of `dujiang doctor` found, how bad that is, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::diagnosis {

enum class Level : std::uint8_t {
  ok,
  warn,     // it works, or may work, but somebody should look at it
  fail,     // calls fail as long as it is so
  skipped,  // what it depends on failed, or it was not asked for: `found` says which
};
std::string_view to_string(Level level);

struct Finding {
  std::string_view check;  // "dns"; a name of this program, so it lives as long as that
  Level level = Level::ok;
  std::string found;
  std::string advice{};  // what to do; empty where nothing needs doing
};

// What was found of one thing: this machine, an endpoint.
struct Section {
  std::string title;
  std::vector<Finding> findings;
};

// The names of the checks, in the order in which they are made.
namespace check {
inline constexpr std::string_view kConfiguration = "configuration";
inline constexpr std::string_view kListener = "listener";
inline constexpr std::string_view kDescriptors = "descriptors";
inline constexpr std::string_view kProxy = "proxy";
inline constexpr std::string_view kDns = "dns";
inline constexpr std::string_view kConnect = "connect";
inline constexpr std::string_view kTls = "tls";
inline constexpr std::string_view kAnswer = "answer";
inline constexpr std::string_view kClock = "clock";
inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kModels = "models";
inline constexpr std::string_view kBalance = "balance";
inline constexpr std::string_view kToken = "token";
}  // namespace check

}  // namespace dujiang::diagnosis
