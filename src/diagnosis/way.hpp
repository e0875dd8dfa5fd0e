// Judges the way to an endpoint: its proxy, its name, the connection, TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "diagnosis/finding.hpp"

namespace dujiang::diagnosis {

// Which proxy an endpoint is reached through, and who says so.
struct ProxySeen {
  enum class Why : std::uint8_t {
    nobody_names_one,
    this_machine,    // is never proxied
    exempt,          // by `variable`
    environment,     // `variable` names it
    configured,      // the upstream's `proxy` names it
    configured_off,  // `proxy: none`
  };
  Why why = Why::nobody_names_one;
  std::string variable{};
  std::string proxy{};  // "proxy.lan:3128", never with a password
};

Finding judge_proxy(const ProxySeen& seen);

struct AddressSeen {
  std::string text;
  bool is_ip6 = false;
};

struct CertificateSeen {
  enum class Fault : std::uint8_t { none, expired, not_yet_valid, other_host, untrusted, other };
  std::string subject;
  std::string issuer;
  base::WallTime from{};
  base::WallTime until{};
};

// How far a connection came, and what was met on the way.
struct WaySeen {
  enum class Step : std::uint8_t { name, tcp, tunnel, tls, done };
  enum class Trouble : std::uint8_t { none, refused, timed_out, local };

  std::string host;    // whose name is looked up: the endpoint's, or its proxy's
  std::string target;  // the endpoint, "api.deepseek.com:443"
  std::string proxy;   // "proxy.lan:3128"; empty: called directly
  bool is_secure = false;
  bool is_here = false;  // on this machine
  std::string roots;     // what is trusted: a ca_file; empty: the system's roots

  Step step = Step::done;           // the one that failed
  Trouble trouble = Trouble::none;  // of the failure
  std::string failure{};            // in the words of who failed

  std::vector<AddressSeen> addresses{};
  base::Duration look_up{};
  AddressSeen peer{};
  base::Duration connect{};
  base::Duration tunnel{};
  base::Duration handshake{};
  std::string tls_version{};
  std::optional<CertificateSeen> certificate{};
  CertificateSeen::Fault fault = CertificateSeen::Fault::none;
};

// dns, connect and, but for plain http to this machine, tls. `now`: this machine's idea of it.
std::vector<Finding> judge_way(const WaySeen& seen, base::WallTime now);

}  // namespace dujiang::diagnosis
