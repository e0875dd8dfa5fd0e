#include "doctor/doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "adapters/http/client_proxy.hpp"
#include "adapters/http/client_url.hpp"
#include "app/process.hpp"
#include "app/version.hpp"
#include "config/nearest.hpp"
#include "diagnosis/report.hpp"
#include "diagnosis/words.hpp"
#include "doctor/machine.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::doctor {
namespace {

using diagnosis::Colour;
using diagnosis::Finding;
using diagnosis::Level;
using diagnosis::ProxySeen;
using diagnosis::Section;

constexpr int kFailed = 1;
constexpr int kWrong = 2;

// What the configuration's loader chose, and why: it keeps only what it chose.
ProxySeen proxy_of(const route::UpstreamSpec& upstream, const route::EndpointSpec& endpoint,
                   const config::Environment& environment) {
  using From = route::ProxyChoice::From;
  using Says = adapters::http::EnvironmentProxy::Says;
  using Why = ProxySeen::Why;
  ProxySeen seen;
  if (endpoint.proxy) {
    const auto url = adapters::http::parse_proxy_url(endpoint.proxy->reveal());
    seen.proxy = url ? url->name : "";
  }
  if (upstream.proxy.from != From::environment) {
    seen.why = upstream.proxy.from == From::url ? Why::configured : Why::configured_off;
    return seen;
  }
  const auto url = adapters::http::parse_base_url(endpoint.url);
  if (!url) return seen;
  const auto found = adapters::http::proxy_from_environment(*url, environment.variable);
  seen.variable = found.variable;
  switch (found.says) {
    case Says::nothing:
      break;
    case Says::named:
      seen.why = Why::environment;
      break;
    case Says::exempt:
      seen.why = Why::exempt;
      break;
    case Says::this_machine:
      seen.why = Why::this_machine;
      break;
  }
  return seen;
}

diagnosis::ModelsWanted wanted_of(const std::vector<route::RouteSpec>& routes, const std::string& upstream) {
  diagnosis::ModelsWanted wanted;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const route::RouteSpec& route : routes) {
    for (const route::Target& target : route.targets) {
      if (target.upstream != upstream) continue;
      if (!target.model.empty()) {
        add(wanted.by_target, target.model);
      } else if (!route.match.ends_with('*')) {
        add(wanted.by_route, route.match);
      }
    }
  }
  return wanted;
}

Finding no_key_here(bool is_builtin, const Options& options) {
  Finding finding{.check = diagnosis::check::kKey, .level = Level::skipped};
  if (options.key_env) {
    finding.level = Level::warn;
    finding.found = fmt::format("the variable {} of --key-env is not set", *options.key_env);
    finding.advice = fmt::format("export {}=…, with a key of the upstream's vendor", *options.key_env);
  } else if (is_builtin) {
    finding.level = Level::warn;
    finding.found = "DEEPSEEK_API_KEY is not set, so each caller has to send a key of DeepSeek's";
    finding.advice =
        "to use one key for all, and have it tried here: export DEEPSEEK_API_KEY=sk-… (keys are made at "
        "https://platform.deepseek.com)";
  } else {
    finding.found = "skipped: each caller sends its own key; --key-env NAME tries the one in that variable";
  }
  return finding;
}

Section of_configuration(const app::ConfigSource& source, const config::Config& config) {
  Section section{.title = "Configuration", .findings = {}};
  section.findings.push_back(
      {.check = diagnosis::check::kConfiguration,
       .found = fmt::format("{}: {}, {}", source.name(),
                            diagnosis::count_text(config.gateway.upstreams.size(), "upstream"),
                            diagnosis::count_text(config.gateway.routes.size(), "route"))});
  for (const std::string& warning : config.warnings) {
    section.findings.push_back(
        {.check = diagnosis::check::kConfiguration, .level = Level::warn, .found = warning});
  }
  return section;
}

// Prints sections as they come, or all of them in the end.
class Printer {
 public:
  explicit Printer(bool json)
      : json_(json),
        colour_(!json && isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr ? Colour::ansi
                                                                                          : Colour::none) {}

  void say(const std::string& text) {
    if (!json_) put(text);
  }
  void section(Section section) {
    tally_.count(section);
    if (json_) {
      sections_.push_back(std::move(section));
    } else {
      put("\n" + to_text(section, colour_));
    }
  }
  int finish() {
    put(json_ ? to_json(sections_) : "\n" + summary(tally_));
    return tally_.failed > 0 || !well_ ? kFailed : 0;
  }

 private:
  // At once: somebody watches.
  void put(const std::string& text) {
    well_ = well_ && std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  }

  bool json_;
  Colour colour_;
  bool well_ = true;
  diagnosis::Tally tally_;
  std::vector<Section> sections_;
};

// One endpoint's examination on its way.
struct Bed {
  explicit Bed(runtime::Loop& loop) : done(loop) {}
  std::optional<Section> section;
  runtime::Signal done;
};

runtime::Task<void> examine_into(runtime::EpollLoop& loop, EndpointCase endpoint, std::shared_ptr<Bed> bed) {
  bed->section = co_await examine_endpoint(loop, std::move(endpoint));
  bed->done.notify();
}

// All endpoints at once, so that the whole takes no longer than the slowest; told in their order.
runtime::Task<void> examine_all(runtime::EpollLoop& loop, const config::Config& config,
                                std::vector<EndpointCase> cases, Printer& printer) {
  std::vector<std::shared_ptr<Bed>> beds;
  for (EndpointCase& endpoint : cases) {
    beds.push_back(std::make_shared<Bed>(loop));
    loop.spawn(examine_into(loop, std::move(endpoint), beds.back()));
  }
  printer.section(co_await examine_machine(loop, config));
  for (const auto& bed : beds) {
    while (!bed->section) co_await bed->done.wait(base::kNever);
    printer.section(std::move(*bed->section));
  }
  loop.stop();
}

int wrong(const std::string& message) {
  std::fputs(("dujiang: " + message + "\n").c_str(), stderr);
  return kWrong;
}

}  // namespace

std::vector<EndpointCase> endpoint_cases(const config::Config& config, const Options& options,
                                         const config::Environment& environment) {
  std::vector<EndpointCase> cases;
  for (const route::UpstreamSpec& upstream : config.gateway.upstreams) {
    if (options.upstream && *options.upstream != upstream.name) continue;
    for (const route::EndpointSpec& endpoint : upstream.endpoints) {
      auto spec = std::make_shared<route::UpstreamSpec>(upstream);
      spec->endpoints = {endpoint};
      EndpointCase one{.spec = std::move(spec),
                       .proxy = proxy_of(upstream, endpoint, environment),
                       .wanted = wanted_of(config.gateway.routes, upstream.name),
                       .no_key = no_key_here(false, options),
                       .call = options.call};
      const auto key = options.key_env ? environment.variable(*options.key_env) : std::nullopt;
      if (key && !key->empty()) one.callers_key = route::Secret(*key);
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

int doctor(const app::ConfigSource& source, const Options& options) {
  const auto [read, files] = app::read_config(source);
  if (!read) {
    std::fputs(config::to_text(source.name(), read.error()).c_str(), stderr);
    return kWrong;
  }
  std::vector<EndpointCase> cases = endpoint_cases(*read, options, config::process_environment());
  if (cases.empty()) {
    std::vector<std::string_view> names;
    for (const route::UpstreamSpec& upstream : read->gateway.upstreams) names.push_back(upstream.name);
    return wrong(fmt::format("there is no upstream `{}`{}", options.upstream.value_or(""),
                             config::suggestion(options.upstream.value_or(""), names)));
  }
  if (source.file.empty()) {
    for (EndpointCase& endpoint : cases) endpoint.no_key = no_key_here(true, options);
  }
  app::ignore_broken_pipes();
  Printer printer(options.json);
  printer.say(fmt::format(
      "Dujiang {} looks at {}{}.\n", app::version(), diagnosis::count_text(cases.size(), "endpoint"),
      options.call ? "; each is asked for one token (some ten are billed), which --no-call leaves out" : ""));
  printer.section(of_configuration(source, *read));
  runtime::EpollLoop loop;
  loop.spawn(examine_all(loop, *read, std::move(cases), printer));
  loop.run();
  return printer.finish();
}

}  // namespace dujiang::doctor
