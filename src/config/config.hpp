// Everything that an operator can say, validated and immutable; and how to get it from YAML.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"
#include "config/problem.hpp"
#include "engine/settings.hpp"

namespace dujiang::config {

using std::chrono::milliseconds;

// Where callers reach the gateway, and what they may send.
struct ListenSettings {
  std::string address = "127.0.0.1";  // numeric, IPv6 without brackets
  std::uint16_t port = 8080;          // 0: any free one
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  std::uint32_t max_connections = 10000;
  std::uint64_t max_head = 64 << 10;  // bytes
  std::uint64_t max_body = 16 << 20;  // bytes
  milliseconds head_timeout{10000};
  milliseconds body_timeout{60000};
  milliseconds idle_timeout{75000};
  milliseconds write_timeout{60000};
};

enum class LogLevel : std::uint8_t { info, warning, off };

struct LogSettings {
  LogLevel level = LogLevel::info;
};

struct DrainSettings {
  milliseconds grace{30000};
};

struct Config {
  ListenSettings listen;
  bool insecure = false;
  LogSettings log;
  DrainSettings drain;
  engine::Settings gateway;
};

// What the command line says against the file.
struct Overrides {
  std::optional<std::string> listen;  // "127.0.0.1:8080", "[::1]:0"
};

// Reads a configuration from text.
std::expected<Config, Problems> parse(std::string_view yaml, const Environment& environment,
                                      const Overrides& overrides = {});

// Reads it from a file.
std::expected<Config, Problems> load(const std::string& path, const Environment& environment,
                                     const Overrides& overrides = {});

// The YAML that `dujiang serve` uses without a file: DeepSeek, with the key from DEEPSEEK_API_KEY or else
// with the caller's own.
std::string builtin_yaml(const Environment& environment);

// The configuration with every default spelled out and every secret masked, as YAML that parse() reads.
std::string effective_yaml(const Config& config);

// docs/configuration.md, generated from the tables.
std::string reference();

}  // namespace dujiang::config
