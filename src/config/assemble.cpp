// From the file's shape to the configuration: short forms are spelled out, key files are read.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "adapters/http/client_proxy.hpp"
#include "adapters/http/client_url.hpp"
#include "base/ascii.hpp"
#include "config/caller_keys.hpp"
#include "config/checks.hpp"
#include "config/net_codec.hpp"
#include "config/shape.hpp"

namespace dujiang::config {
namespace {

constexpr const char* kListenOption = "--listen";

// The keys of a file, one a line.
std::vector<route::Secret> read_keys(const std::string& named, const std::string& path, Reader& reader) {
  std::vector<route::Secret> keys;
  const std::string file = resolve(named, reader.environment());
  const auto content = reader.environment().read_file(file);
  if (!content) {
    reader.problem_at(path, fmt::format("the file {} cannot be read: {}", file, content.error().message));
    return keys;
  }
  std::string_view rest = *content;
  for (int line = 1; !rest.empty(); ++line) {
    const auto end = rest.find('\n');
    const std::string_view key = base::trim(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (key.empty() || key.starts_with('#')) continue;
    if (!std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7f; })) {
      reader.problem_at(path,
                        fmt::format("line {} of {} holds a character that a key can't have", line, file));
      return keys;
    }
    keys.emplace_back(std::string(key));
  }
  if (keys.empty()) reader.problem_at(path, fmt::format("the file {} holds no key", file));
  return keys;
}

void add_endpoints(UpstreamShape& upstream, const std::string& path, Reader& reader) {
  auto& endpoints = upstream.spec.endpoints;
  if (upstream.base_url && !endpoints.empty()) {
    reader.problem_at(path + ".endpoints",
                      "stands beside `base_url`; write every URL here, or only `base_url`");
  } else if (upstream.base_url) {
    endpoints.push_back({.url = *upstream.base_url});
  } else if (endpoints.empty()) {
    reader.problem_at(path, "needs `base_url: https://…` or `endpoints`");
  }
}

// The proxy of each endpoint, by the upstream's word or the environment's.
void choose_proxies(route::UpstreamSpec& upstream, const std::string& path, Reader& reader) {
  using From = route::ProxyChoice::From;
  for (route::EndpointSpec& endpoint : upstream.endpoints) {
    if (upstream.proxy.from == From::url) endpoint.proxy = upstream.proxy.url;
    const auto url = adapters::http::parse_base_url(endpoint.url);
    if (upstream.proxy.from != From::environment || !url) continue;
    auto named = adapters::http::proxy_from_environment(*url, reader.environment().variable);
    if (named.says != adapters::http::EnvironmentProxy::Says::named) continue;
    if (const auto proxy = adapters::http::parse_proxy_url(named.url); !proxy) {
      reader.problem_at(path,
                        fmt::format("its proxy, which {} of the environment names, {}; or write `proxy: "
                                    "none`",
                                    named.variable, proxy.error().message));
      return;
    }
    endpoint.proxy = route::Secret(std::move(named.url));
  }
}

// The accounts as listed, with the keys of their files.
void add_listed_accounts(UpstreamShape& upstream, const std::string& path, Reader& reader) {
  for (std::size_t i = 0; i < upstream.accounts.size(); ++i) {
    AccountShape& account = upstream.accounts[i];
    const std::string account_path = fmt::format("{}.accounts[{}]", path, i);
    std::erase_if(account.spec.keys, [](const route::Secret& key) { return key.empty(); });
    if (account.key_file) {
      for (auto& key : read_keys(*account.key_file, account_path + ".key_file", reader)) {
        account.spec.keys.push_back(std::move(key));
      }
    } else if (account.spec.keys.empty() && !upstream.spec.pass_through_key) {
      reader.problem_at(account_path, "has no key; give `keys: [${NAME}]` or `key_file`");
    }
    upstream.spec.accounts.push_back(account.spec);
  }
}

// Short for one account; even an upstream without a key has one, for its limits.
void add_default_account(const UpstreamShape& shape, route::UpstreamSpec& spec, const std::string& path,
                         Reader& reader) {
  route::AccountSpec account{.name = "default", .keys = {}, .max_concurrent = shape.max_concurrent};
  if (shape.api_key && shape.key_file) {
    reader.problem_at(path + ".key_file", "stands beside `api_key`; keep one of them");
  } else if (shape.api_key && !shape.api_key->empty()) {
    account.keys.push_back(*shape.api_key);
  } else if (shape.key_file) {
    account.keys = read_keys(*shape.key_file, path + ".key_file", reader);
  }
  spec.accounts.push_back(std::move(account));
}

void add_accounts(UpstreamShape& upstream, const std::string& path, Reader& reader) {
  if (upstream.accounts.empty()) {
    add_default_account(upstream, upstream.spec, path, reader);
  } else {
    for (std::string_view key : {"api_key", "key_file", "max_concurrent"}) {
      const std::string key_path = fmt::format("{}.{}", path, key);
      if (reader.has(key_path))
        reader.problem_at(key_path, "stands beside `accounts`; write it into one of them");
    }
    add_listed_accounts(upstream, path, reader);
  }
  const bool has_key = std::ranges::any_of(upstream.spec.accounts,
                                           [](const route::AccountSpec& a) { return !a.keys.empty(); });
  if (upstream.spec.pass_through_key && has_key) {
    reader.problem_at(path + ".pass_through_key",
                      "the caller's key and one from here can't both be sent; remove this or the keys");
  }
}

void resolve_files(ListenerSettings& listener, const Environment& environment) {
  if (listener.unix_path) listener.unix_path = resolve(*listener.unix_path, environment);
  if (!listener.tls) return;
  listener.tls->certificate = resolve(listener.tls->certificate, environment);
  listener.tls->key = resolve(listener.tls->key, environment);
}

// The listener that the command line means: the first that has an address, or one more.
ListenerSettings& first_address(ListenSettings& listen) {
  if (!listen.unix_path) return listen;
  for (ListenerSettings& listener : listen.also) {
    if (!listener.unix_path) return listener;
  }
  return listen.also.emplace_back();
}

// "ADDRESS:PORT" of the command line.
void apply_listen(const std::string& text, ListenerSettings& listen, Reader& reader) {
  const auto colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  Reader quiet(reader.environment());
  if (colon != std::string::npos && bracketed == (address.find(':') != std::string::npos)) {
    ip_address().read(quiet, YamlNode::scalar(0, address), "", listen.address);
    integer<std::uint16_t>(0, 65535).read(quiet, YamlNode::scalar(0, text.substr(colon + 1)), "",
                                          listen.port);
    if (quiet.problems().empty()) return;
  }
  reader.problem(0, kListenOption, fmt::format("is `{}`, but must be like 127.0.0.1:8080 or [::1]:0", text));
}

}  // namespace

Config assemble(Shape shape, Reader& reader, const Overrides& overrides) {
  Config config;
  config.listen = std::move(shape.listen);
  if (overrides.listen) apply_listen(*overrides.listen, first_address(config.listen), reader);
  resolve_files(config.listen, reader.environment());
  for (ListenerSettings& listener : config.listen.also) resolve_files(listener, reader.environment());
  config.insecure = shape.insecure;
  config.loops = shape.loops;
  config.log = shape.log;
  config.drain = shape.drain;
  config.gateway = std::move(shape.gateway);
  for (std::size_t i = 0; i < shape.upstreams.size(); ++i) {
    UpstreamShape& upstream = shape.upstreams[i];
    const std::string path = fmt::format("upstreams[{}]", i);
    add_endpoints(upstream, path, reader);
    choose_proxies(upstream.spec, path, reader);
    add_accounts(upstream, path, reader);
    if (auto& ca_file = upstream.spec.ca_file) ca_file = resolve(*ca_file, reader.environment());
    config.gateway.upstreams.push_back(std::move(upstream.spec));
  }
  if (shape.caller_keys) config.caller_keys = assemble_caller_keys(*shape.caller_keys, shape.routes, reader);
  check(config, shape.routes, overrides.listen ? kListenOption : "listen.address", reader);
  for (RouteShape& route : shape.routes) {
    // One route may match several names; each match is a route of the same name and settings to the engine.
    for (const std::string& match : route.match) {
      route.spec.match = match;
      config.gateway.routes.push_back(route.spec);
    }
  }
  config.warnings = reader.warnings();
  return config;
}

Shape to_shape(const Config& config) {
  Shape shape;
  shape.listen = config.listen;
  shape.insecure = config.insecure;
  shape.loops = config.loops;
  shape.log = config.log;
  shape.drain = config.drain;
  shape.gateway = config.gateway;
  shape.caller_keys = config.caller_keys;
  if (shape.caller_keys && !shape.caller_keys->keys.empty()) shape.caller_keys->keys_file.reset();
  for (const route::UpstreamSpec& spec : config.gateway.upstreams) {
    UpstreamShape upstream;
    upstream.spec = spec;
    const bool plain = spec.accounts.size() == 1 && spec.accounts.front().name == "default" &&
                       spec.accounts.front().keys.size() <= 1;
    if (plain) {
      if (!spec.accounts.front().keys.empty()) upstream.api_key = spec.accounts.front().keys.front();
      upstream.max_concurrent = spec.accounts.front().max_concurrent;
    } else {
      for (const route::AccountSpec& account : spec.accounts)
        upstream.accounts.push_back({account, std::nullopt});
    }
    shape.upstreams.push_back(std::move(upstream));
  }
  for (const route::RouteSpec& spec : config.gateway.routes) {
    if (!shape.routes.empty() && shape.routes.back().spec.name == spec.name) {
      shape.routes.back().match.push_back(spec.match);
    } else {
      shape.routes.push_back({spec, {spec.match}});
    }
  }
  return shape;
}

}  // namespace dujiang::config
