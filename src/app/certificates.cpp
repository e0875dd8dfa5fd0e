#include "app/certificates.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "config/identity.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::app {
namespace {

using Identity = std::shared_ptr<const adapters::net::TlsIdentity>;

base::Result<Identity> load(const std::string& listener, const config::CertificateFiles& files) {
  auto identity = config::load_identity(files, config::process_environment());
  if (identity) return *std::move(identity);
  return base::fail(fmt::format("{}.tls.{}: {}", listener, identity.error().key, identity.error().message));
}

}  // namespace

base::Result<std::shared_ptr<adapters::net::OwnCertificate>> Certificates::add(
    const std::string& listener, const config::CertificateFiles& files) {
  auto identity = load(listener, files);
  if (!identity) return std::unexpected(identity.error());
  auto certificate = std::make_shared<adapters::net::OwnCertificate>(*std::move(identity));
  entries_.push_back({listener, files, certificate});
  return certificate;
}

base::Result<void> Certificates::reload() {
  std::vector<Identity> renewed;
  for (const Entry& entry : entries_) {
    auto identity = load(entry.listener, entry.files);
    if (!identity) return std::unexpected(identity.error());
    renewed.push_back(*std::move(identity));
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].certificate->replace(std::move(renewed[i]));
  return {};
}

void Certificates::measure(ports::Metrics& metrics) const {
  for (const Entry& entry : entries_) {
    const base::WallTime end = entry.certificate->current()->valid_until();
    const auto since_epoch = std::chrono::floor<std::chrono::seconds>(end.time_since_epoch());
    metrics.set(ports::Metric::certificate_not_after, {entry.listener},
                static_cast<double>(since_epoch.count()));
  }
}

}  // namespace dujiang::app
