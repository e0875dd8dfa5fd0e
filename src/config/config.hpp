// Everything that an operator can say, validated and immutable; and how to get it from YAML.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/server.hpp"
#include "adapters/log/json_log.hpp"
#include "config/environment.hpp"
#include "config/problem.hpp"
#include "engine/settings.hpp"
#include "route/caller_key.hpp"

namespace dujiang::config {

using std::chrono::milliseconds;

// An own certificate and its key, as files in PEM form.
struct CertificateFiles {
  std::string certificate;  // with its chain, if it has one
  std::string key;
};

// One place where callers reach the gateway.
struct ListenerSettings {
  std::string address = "127.0.0.1";     // numeric, IPv6 without brackets
  std::uint16_t port = 8080;             // 0: any free one
  std::optional<std::string> unix_path;  // a Unix socket's, instead of address and port
  std::uint32_t unix_mode = 0660;
  std::optional<CertificateFiles> tls;
  bool proxy_protocol = false;
};

// Where callers reach the gateway, first of all here, and what they may send.
struct ListenSettings : ListenerSettings {
  std::vector<ListenerSettings> also;
  adapters::http::ServerSettings server;
};

struct LogSettings {
  adapters::log::Level level = adapters::log::Level::info;
};

struct DrainSettings {
  milliseconds notice{1000};
  milliseconds grace{30000};
};

// Who may call.
struct CallerKeys {
  std::vector<route::CallerKeySpec> keys;  // those of the file among them; none: nobody may call
  std::optional<std::string> keys_file;
};

struct Config {
  std::uint32_t loops = 1;
  ListenSettings listen;
  bool insecure = false;
  LogSettings log;
  DrainSettings drain;
  engine::Settings gateway;
  std::optional<CallerKeys> caller_keys;  // absent: whoever reaches the gateway may call
  std::vector<std::string> warnings;      // what works and yet is better changed
};

// What the command line says against the file.
struct Overrides {
  std::optional<std::string> listen;  // "127.0.0.1:8080", "[::1]:0"
};

// Reads a configuration from text. `running` is the one that it is to replace while the gateway serves, if
// any: what can't be changed without a restart is a problem then.
std::expected<Config, Problems> parse(std::string_view yaml, const Environment& environment,
                                      const Overrides& overrides = {}, const Config* running = nullptr);

// Reads it from a file.
std::expected<Config, Problems> load(const std::string& path, const Environment& environment,
                                     const Overrides& overrides = {}, const Config* running = nullptr);

// The YAML that `dujiang serve` uses without a file: DeepSeek, with the key from DEEPSEEK_API_KEY or else
// with the caller's own.
std::string builtin_yaml(const Environment& environment);

// The configuration with every default spelled out and every secret masked, as YAML that parse() reads.
std::string effective_yaml(const Config& config);

// Whether the text can be a name in a configuration: 1 to 64 letters, digits, `.`, `_` or `-`.
bool is_name(std::string_view text);

// A key as an entry of `caller_keys.keys`, or as a line of its file.
std::string caller_key_entry(const route::CallerKeySpec& key);

// docs/configuration.md, generated from the tables.
std::string reference();

}  // namespace dujiang::config
