// Reads a listener's certificate and key from their files, at the start and whenever they were renewed.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/net/tls_identity.hpp"
#include "config/config.hpp"
#include "config/environment.hpp"

namespace dujiang::config {

struct IdentityProblem {
  std::string_view key;  // of `tls`: "certificate" or "key"
  std::string message;   // "the file /etc/x.pem cannot be read: Permission denied"
};

std::expected<std::shared_ptr<const adapters::net::TlsIdentity>, IdentityProblem> load_identity(
    const CertificateFiles& files, const Environment& environment);

}  // namespace dujiang::config
