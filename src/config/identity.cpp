#include "config/identity.hpp"

#include <fmt/format.h>

namespace dujiang::config {
namespace {

using Identity = std::shared_ptr<const adapters::net::TlsIdentity>;
using In = adapters::net::IdentityFault::In;

std::unexpected<IdentityProblem> problem(In in, const CertificateFiles& files, std::string_view what) {
  const std::string& file = in == In::key ? files.key : files.certificate;
  return std::unexpected(IdentityProblem{.key = in == In::key ? "key" : "certificate",
                                         .message = fmt::format("the file {} {}", file, what)});
}

}  // namespace

std::expected<Identity, IdentityProblem> load_identity(const CertificateFiles& files,
                                                       const Environment& environment) {
  const auto unreadable = [](const base::Error& error) { return "cannot be read: " + error.message; };
  const auto certificate = environment.read_file(files.certificate);
  if (!certificate) return problem(In::certificate, files, unreadable(certificate.error()));
  const auto key = environment.read_file(files.key);
  if (!key) return problem(In::key, files, unreadable(key.error()));
  const auto identity = adapters::net::TlsIdentity::make(*certificate, *key);
  if (!identity) return problem(identity.error().in, files, identity.error().message);
  return *identity;
}

}  // namespace dujiang::config
