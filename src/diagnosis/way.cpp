#include "diagnosis/way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "diagnosis/words.hpp"
#include "http/date.hpp"

namespace dujiang::diagnosis {
namespace {

using Fault = CertificateSeen::Fault;
using Step = WaySeen::Step;
using Trouble = WaySeen::Trouble;

constexpr auto kSoon = std::chrono::days(14);

Finding skipped(std::string_view check, std::string because) {
  return {.check = check, .level = Level::skipped, .found = std::move(because)};
}

std::string_view family(const AddressSeen& address) { return address.is_ip6 ? "IPv6" : "IPv4"; }

Finding judge_name(const WaySeen& seen) {
  if (seen.step == Step::name) {
    return {
        .check = check::kDns,
        .level = Level::fail,
        .found = fmt::format("{} ({})", seen.failure, span_text(seen.look_up)),
        .advice =
            seen.proxy.empty()
                ? fmt::format("check the spelling in `base_url`, then this machine's DNS: `getent hosts {}`, "
                              "/etc/resolv.conf. In a network that lets programs out through a proxy only, "
                              "name it: export HTTPS_PROXY=http://HOST:PORT",
                              seen.host)
                : "check the name of the proxy, and whether this is still the network that it belongs to"};
  }
  if (seen.addresses.size() == 1 && seen.addresses.front().text == seen.host) {
    return {.check = check::kDns, .found = seen.host + " is an address; nothing to look up"};
  }
  std::string list;
  for (const bool ip6 : {false, true}) {
    std::vector<std::string> texts;
    for (const AddressSeen& address : seen.addresses) {
      if (address.is_ip6 == ip6) texts.push_back(address.text);
    }
    if (texts.empty()) continue;
    list += fmt::format("{}{} {}", list.empty() ? "" : "; ", ip6 ? "IPv6" : "IPv4", list_text(texts, 3));
  }
  return {.check = check::kDns,
          .found = fmt::format("{}: {} ({})", seen.host, list, span_text(seen.look_up))};
}

std::string connect_advice(const WaySeen& seen) {
  if (seen.trouble == Trouble::local) {
    return "this machine is out of descriptors, ports or memory; see `ulimit -n` and what else runs here";
  }
  if (!seen.proxy.empty()) {
    return fmt::format(
        "the proxy {} is not there: check its address, and whether this is still the network that it "
        "belongs to; `proxy: none`, or {} in NO_PROXY, calls directly",
        seen.proxy, seen.target.substr(0, seen.target.rfind(':')));
  }
  if (seen.trouble == Trouble::timed_out) {
    return "a firewall drops it, or the host is down. In a network that lets programs out through a proxy "
           "only, name "
           "it: export HTTPS_PROXY=http://HOST:PORT. A server that is merely far away may need a longer "
           "`connect_timeout`";
  }
  return "is the server up, and is the port in `base_url` right?";
}

Finding judge_connection(const WaySeen& seen) {
  Finding finding{.check = check::kConnect};
  if (seen.step == Step::name) return skipped(check::kConnect, "skipped: there is no address");
  if (seen.step == Step::tcp) {
    finding.level = Level::fail;
    finding.found = fmt::format("{} ({})", seen.failure, span_text(seen.connect));
    finding.advice = connect_advice(seen);
    return finding;
  }
  finding.found = fmt::format("{} over {} in {}", seen.peer.text, family(seen.peer), span_text(seen.connect));
  if (seen.step == Step::tunnel) {
    finding.level = Level::fail;
    const auto advice = seen.failure.find("; ");
    finding.found = seen.failure.substr(0, advice);
    finding.advice =
        advice != std::string::npos
            ? seen.failure.substr(advice + 2)
            : fmt::format(
                  "the proxy itself answers; it must let CONNECT to {} through. Ask who runs it, or "
                  "call directly: `proxy: none`, or the host in NO_PROXY",
                  seen.target);
  } else if (!seen.proxy.empty() && seen.is_secure) {
    finding.found += fmt::format("; its tunnel to {} in {}", seen.target, span_text(seen.tunnel));
  }
  return finding;
}

std::string described(const CertificateSeen& certificate) {
  return fmt::format("{}, signed by {}", certificate.subject.empty() ? "a nameless one" : certificate.subject,
                     certificate.issuer.empty() ? "nobody" : certificate.issuer);
}

std::string here_it_is(base::WallTime now) { return "here it is " + http::format_date(now); }

// What to do about a handshake that failed.
std::string tls_advice(const WaySeen& seen, base::WallTime now) {
  switch (seen.fault) {
    case Fault::expired:
      return fmt::format(
          "if this machine's clock is right ({}), only who runs the server can help, by renewing the "
          "certificate",
          here_it_is(now));
    case Fault::not_yet_valid:
      return fmt::format("set this machine's clock ({}): `timedatectl set-ntp true`", here_it_is(now));
    case Fault::other_host:
      return "whoever answers is not who was called: check `base_url`; in a public network, a login page may "
             "answer in "
             "its place: open any http:// page in a browser";
    case Fault::untrusted:
      return seen.roots.empty()
                 ? "a proxy or a firewall that looks into TLS signs with a CA of its own: get that CA's file "
                   "from who "
                   "runs it and name it in the upstream's `ca_file`. If nothing at all is trusted: apt "
                   "install "
                   "ca-certificates"
                 : fmt::format("{} must hold the CA that signed this, in PEM form", seen.roots);
    case Fault::none:
    case Fault::other:
      break;
  }
  return "is it https at this port? If `base_url` is right, a firewall or a proxy may be breaking TLS";
}

Finding judge_tls(const WaySeen& seen, base::WallTime now) {
  Finding finding{.check = check::kTls};
  if (!seen.is_secure) {
    finding.found = "none: plain http, so whoever is on the way reads keys and questions";
    return finding;
  }
  if (seen.step < Step::tls) return skipped(check::kTls, "skipped: there is no connection");
  if (seen.step == Step::tls) {
    finding.level = Level::fail;
    // Its second half is advice, of which there is better here.
    finding.found = seen.failure.substr(0, seen.failure.find("; "));
    if (seen.certificate) {
      finding.found += fmt::format(": {}, valid from {} to {}", described(*seen.certificate),
                                   day_text(seen.certificate->from), day_text(seen.certificate->until));
    }
    finding.advice = tls_advice(seen, now);
    return finding;
  }
  const std::string version =
      seen.tls_version.starts_with("TLSv") ? "TLS " + seen.tls_version.substr(4) : seen.tls_version;
  finding.found = fmt::format("{} in {}", version, span_text(seen.handshake));
  if (!seen.certificate) return finding;
  const base::Duration left = seen.certificate->until - now;
  finding.found +=
      fmt::format("; {}, {} left (to {}); trusted by {}", described(*seen.certificate), long_span_text(left),
                  day_text(seen.certificate->until), seen.roots.empty() ? "the system's roots" : seen.roots);
  if (left < kSoon) {
    finding.level = Level::warn;
    finding.advice =
        "who runs the server should renew its certificate; when it has expired, every call fails";
  }
  return finding;
}

}  // namespace

Finding judge_proxy(const ProxySeen& seen) {
  using Why = ProxySeen::Why;
  Finding finding{.check = check::kProxy};
  switch (seen.why) {
    case Why::nobody_names_one:
      finding.found = "none: neither the configuration nor HTTPS_PROXY and its like name one";
      break;
    case Why::this_machine:
      finding.found = "none: this machine itself is never proxied";
      break;
    case Why::exempt:
      finding.found = fmt::format("none: {} lists the host", seen.variable);
      break;
    case Why::environment:
      finding.found = fmt::format("{}, named by {}", seen.proxy, seen.variable);
      break;
    case Why::configured:
      finding.found = fmt::format("{}, named by the upstream's `proxy`", seen.proxy);
      break;
    case Why::configured_off:
      finding.found = "none: the upstream says `proxy: none`";
      break;
  }
  return finding;
}

std::vector<Finding> judge_way(const WaySeen& seen, base::WallTime now) {
  std::vector<Finding> findings{judge_name(seen), judge_connection(seen)};
  if (seen.is_secure || !seen.is_here) findings.push_back(judge_tls(seen, now));
  return findings;
}

}  // namespace dujiang::diagnosis
