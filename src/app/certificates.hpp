// The certificates that the listeners show, read from their files at the start and when they were renewed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/net/tls_identity.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "ports/metrics.hpp"

namespace dujiang::app {

class Certificates {
 public:
  // `listener`: its place in the configuration ("listen.also[0]"), for messages and metrics.
  base::Result<std::shared_ptr<adapters::net::OwnCertificate>> add(const std::string& listener,
                                                                   const config::CertificateFiles& files);

  // Reads all of them anew. Where one is no good all stay as they were, and the error says why.
  base::Result<void> reload();

  // Until when callers will take what each listener shows.
  void measure(ports::Metrics& metrics) const;

 private:
  struct Entry {
    std::string listener;
    config::CertificateFiles files;
    std::shared_ptr<adapters::net::OwnCertificate> certificate;
  };

  std::vector<Entry> entries_;
};

}  // namespace dujiang::app
