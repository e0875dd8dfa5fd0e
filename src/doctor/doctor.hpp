// `dujiang doctor`: whether what a gateway needs is there, from the proxy to the first token, and what to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config_source.hpp"
#include "config/config.hpp"
#include "doctor/endpoint.hpp"

namespace dujiang::doctor {

struct Options {
  std::optional<std::string> upstream;  // only this one
  std::optional<std::string> key_env;   // the variable with a key to try where callers bring their own
  bool call = true;                     // ask for a token, which costs money
  bool json = false;
};

// Examines, and prints what it finds. Returns the exit status: 0 where nothing failed, 1 where something did,
// 2 where the configuration or the options are wrong.
int doctor(const app::ConfigSource& source, const Options& options);

// What is to be examined: each endpoint of each upstream.
std::vector<EndpointCase> endpoint_cases(const config::Config& config, const Options& options,
                                         const config::Environment& environment);

}  // namespace dujiang::doctor
