#include "config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include "adapters/net/unix_socket.hpp"
#include "config/identity.hpp"
#include "config/nearest.hpp"
#include "config/net_codec.hpp"

namespace dujiang::config {
namespace {

class Checker {
 public:
  Checker(const Config& config, const std::vector<RouteShape>& routes, Reader& reader)
      : config_(config), routes_(routes), reader_(reader) {
    for (const route::UpstreamSpec& upstream : config.gateway.upstreams)
      upstream_names_.push_back(upstream.name);
  }

  void check(const std::string& address_path) {
    check_listen(address_path);
    check_upstreams();
    if (const auto& relay = config_.gateway.relay_unknown_paths_to) {
      check_upstream_name(*relay, "relay_unknown_paths_to");
    }
    if (routes_.empty()) {
      reader_.problem_at("routes",
                         "is empty, so that no call could go anywhere; give one with `match: \"*\"`");
    }
    Names names{*this};
    Names matches{*this};
    for (std::size_t i = 0; i < routes_.size(); ++i) {
      const std::string path = fmt::format("routes[{}]", i);
      names.add(routes_[i].spec.name, path + ".name");
      for (const std::string& match : routes_[i].match) matches.add(match, path + ".match");
      check_route(routes_[i], path);
    }
  }

 private:
  // Names that must not come twice.
  struct Names {
    Checker& checker;
    std::map<std::string, std::string> seen{};  // name → path

    void add(const std::string& name, const std::string& path) {
      const auto [first, fresh] = seen.emplace(name, path);
      if (!fresh) {
        checker.reader_.problem_at(
            path, fmt::format("`{}` is also the one of {}; they must differ", name, first->second));
      }
    }
  };

  void check_listen(const std::string& path) {
    check_address(config_.listen, path);
    check_listener(config_.listen, "listen");
    for (std::size_t i = 0; i < config_.listen.also.size(); ++i) {
      const ListenerSettings& listener = config_.listen.also[i];
      const std::string at = fmt::format("listen.also[{}]", i);
      check_address(listener, at + ".address");
      check_listener(listener, at);
    }
  }

  void check_listener(const ListenerSettings& listener, const std::string& path) {
    check_identity(listener, path);
    for (std::string_view key : {"address", "port"}) {
      const std::string key_path = fmt::format("{}.{}", path, key);
      if (listener.unix_path && reader_.has(key_path))
        reader_.problem_at(key_path, "stands beside `unix`; one listener has one or the other, `also` more");
    }
    if (listener.unix_path && listener.unix_path->size() > adapters::net::kMaxUnixPath) {
      reader_.problem_at(path + ".unix",
                         fmt::format("is longer than the {} bytes that a socket's path may have",
                                     adapters::net::kMaxUnixPath));
    }
    if (listener.proxy_protocol && config_.listen.server.trusted_proxies.empty()) {
      reader_.problem_at(path + ".proxy_protocol",
                         "closes every connection as long as nobody is in `listen.trusted_proxies`; name the "
                         "load balancers there");
    }
  }

  void check_identity(const ListenerSettings& listener, const std::string& path) {
    if (!listener.tls) return;
    const auto identity = load_identity(*listener.tls, reader_.environment());
    if (!identity) {
      reader_.problem_at(fmt::format("{}.tls.{}", path, identity.error().key), identity.error().message);
      return;
    }
    if (const std::string& remark = (*identity)->remark(); !remark.empty())
      reader_.warn(
          fmt::format("{}.tls.certificate: the file {} {}", path, listener.tls->certificate, remark));
    if (anybody_may_read(listener.tls->key, reader_.environment()))
      reader_.warn(fmt::format("{}.tls.key: the file {} can be read by every user; chmod 640 it", path,
                               listener.tls->key));
  }

  void check_address(const ListenerSettings& listener, const std::string& path) {
    if (config_.insecure || config_.caller_keys || listener.unix_path ||
        is_loopback_address(listener.address))
      return;
    reader_.problem_at(
        path, fmt::format("`{}` can be reached from other machines, and whoever reaches it spends your keys; "
                          "bind 127.0.0.1, give `caller_keys`, or say `insecure: true` if that is meant",
                          listener.address));
  }

  void check_upstream_name(const std::string& name, const std::string& path) {
    if (std::ranges::find(upstream_names_, name) != upstream_names_.end()) return;
    reader_.problem_at(path,
                       fmt::format("there is no upstream `{}`{}", name, suggestion(name, upstream_names_)));
  }

  void check_upstreams() {
    if (config_.gateway.upstreams.empty())
      reader_.problem_at("upstreams", "is empty; the gateway needs one to call");
    Names names{*this};
    for (std::size_t i = 0; i < config_.gateway.upstreams.size(); ++i) {
      const route::UpstreamSpec& upstream = config_.gateway.upstreams[i];
      const std::string path = fmt::format("upstreams[{}]", i);
      names.add(upstream.name, path + ".name");
      Names accounts{*this};
      for (std::size_t k = 0; k < upstream.accounts.size(); ++k) {
        accounts.add(upstream.accounts[k].name, fmt::format("{}.accounts[{}].name", path, k));
      }
      if (upstream.pass_through_key && config_.caller_keys) {
        reader_.problem_at(
            path + ".pass_through_key",
            "has no effect with `caller_keys`: what callers send is a key of the gateway, which "
            "no upstream gets; give the upstream a key, or remove one of the two");
      }
      check_endpoints(upstream, path);
      if (upstream.ca_file) check_ca_file(*upstream.ca_file, path + ".ca_file");
    }
  }

  void check_endpoints(const route::UpstreamSpec& upstream, const std::string& path) {
    Names urls{*this};
    for (std::size_t k = 0; k < upstream.endpoints.size(); ++k) {
      const std::string endpoint_path = fmt::format("{}.endpoints[{}]", path, k);
      urls.add(upstream.endpoints[k].url, endpoint_path + ".url");
      if (upstream.balance == route::Balance::round_robin && upstream.endpoints[k].weight != 1) {
        reader_.problem_at(endpoint_path + ".weight",
                           "has no effect without `balance: weighted`; add that or remove this");
      }
    }
  }

  void check_ca_file(const std::string& file, const std::string& path) {
    const auto content = reader_.environment().read_file(file);
    if (!content) {
      reader_.problem_at(path, fmt::format("the file {} cannot be read: {}", file, content.error().message));
    } else if (content->find("-----BEGIN CERTIFICATE-----") == std::string::npos &&
               content->find("-----BEGIN TRUSTED CERTIFICATE-----") == std::string::npos) {
      reader_.problem_at(path, fmt::format("the file {} holds no certificate in PEM form", file));
    }
  }

  void check_route(const RouteShape& route, const std::string& path) {
    if (route.match.empty())
      reader_.problem_at(path + ".match", "is empty; give a model's name, or \"*\" for all");
    if (route.spec.targets.empty()) {
      reader_.problem_at(path + ".targets", "is empty; give `- upstream: NAME`, the name of an upstream");
    }
    check_targets(route.spec, path);
    check_clocks(route.spec, path);
  }

  void check_targets(const route::RouteSpec& route, const std::string& path) {
    Names targets{*this};
    for (std::size_t i = 0; i < route.targets.size(); ++i) {
      const route::Target& target = route.targets[i];
      const std::string target_path = fmt::format("{}.targets[{}]", path, i);
      check_upstream_name(target.upstream, target_path + ".upstream");
      targets.add(target.model.empty() ? target.upstream : target.upstream + "/" + target.model, target_path);
      if (route.order == route::Order::ordered && target.weight != 1) {
        reader_.problem_at(target_path + ".weight",
                           "has no effect without `order: weighted`; add that or remove this");
      }
    }
  }

  // Of two times the first must not be the longer one. A route that took them from the defaults is not blamed
  // again.
  void check_order(const std::string& path, std::string_view less, milliseconds less_value,
                   std::string_view more, milliseconds more_value) {
    if (less_value <= more_value) return;
    const std::string less_path = fmt::format("{}.{}", path, less);
    const std::string more_path = fmt::format("{}.{}", path, more);
    reader_.problem_at(reader_.has(less_path) || !reader_.has(more_path) ? less_path : more_path,
                       fmt::format("`{}` is {}, longer than `{}`, which is {}; so it could never come", less,
                                   duration_text(less_value), more, duration_text(more_value)));
  }

  void check_clocks(const route::RouteSpec& route, const std::string& path) {
    const route::Clocks& clocks = route.clocks;
    const std::string at = path + ".clocks";
    check_order(at, "first_byte", clocks.first_byte, "total", clocks.total);
    check_order(at, "silence", clocks.silence, "total", clocks.total);
    check_order(at, "first_token", clocks.first_token, "stream_total", clocks.stream_total);
    check_order(at, "alone_first_token", clocks.alone_first_token, "stream_total", clocks.stream_total);
    check_order(at, "gap", clocks.gap, "stream_total", clocks.stream_total);
    check_order(path + ".retries", "backoff_initial", route.retries.backoff_initial, "backoff_cap",
                route.retries.backoff_cap);
  }

  const Config& config_;
  const std::vector<RouteShape>& routes_;
  Reader& reader_;
  std::vector<std::string_view> upstream_names_;
};

}  // namespace

void check(const Config& config, const std::vector<RouteShape>& routes, const std::string& address_path,
           Reader& reader) {
  Checker(config, routes, reader).check(address_path);
}

}  // namespace dujiang::config
