// The configuration as its file has it, with the short forms that people like to write, before it is put
// together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/table.hpp"
#include "route/caller_key.hpp"
#include "route/spec.hpp"

namespace dujiang::config {

struct AccountShape {
  route::AccountSpec spec;
  std::optional<std::string> key_file;
};

struct UpstreamShape {
  route::UpstreamSpec spec;
  // Short for one endpoint.
  std::optional<std::string> base_url;
  // Short for one account named "default".
  std::optional<route::Secret> api_key;
  std::optional<std::string> key_file;
  std::optional<std::uint32_t> max_concurrent;
  std::vector<AccountShape> accounts;
};

struct RouteShape {
  route::RouteSpec spec;
  std::vector<std::string> match;
};

// What routes share unless they say otherwise.
struct RouteDefaults {
  route::Clocks clocks;
  route::Retries retries;
};

struct Shape {
  std::uint32_t version = 1;
  std::uint32_t loops = 1;
  ListenSettings listen;
  bool insecure = false;
  LogSettings log;
  DrainSettings drain;
  engine::Settings gateway;  // without its upstreams and routes
  std::optional<CallerKeys> caller_keys;
  std::vector<UpstreamShape> upstreams;
  RouteDefaults defaults;
  std::vector<RouteShape> routes;
};

// One per map of the file.
const Table<Shape>& root_table();
const Table<ListenSettings>& listen_table();
const Table<ListenerSettings>& listener_table();
const Table<CertificateFiles>& certificate_table();
const Table<http::CorsSettings>& cors_table();
const Table<LogSettings>& log_table();
const Table<DrainSettings>& drain_table();
const Table<engine::Settings>& memory_table();
const Table<CallerKeys>& caller_keys_table();
const Table<route::CallerKeySpec>& caller_key_table();
const Table<route::CallerRateSpec>& caller_rate_table();
const Table<UpstreamShape>& upstream_table();
const Table<route::EndpointSpec>& endpoint_table();
const Table<AccountShape>& account_table();
const Table<route::RateLimitSpec>& rate_limit_table();
const Table<RouteDefaults>& defaults_table();
const Table<RouteShape>& route_table();
const Table<route::Target>& target_table();
const Table<route::Capabilities>& can_table();
const Table<route::Clocks>& clocks_table();
const Table<route::Retries>& retries_table();

// A map, or a list whose first map is the one with the limits.
Codec<ListenSettings> listen();

// Puts the short forms together and checks what no single key shows: names, contradictions, files. Problems
// go to the reader; the result counts only if there are none.
Config assemble(Shape shape, Reader& reader, const Overrides& overrides);

// The long form of a configuration, to be printed.
Shape to_shape(const Config& config);

}  // namespace dujiang::config
