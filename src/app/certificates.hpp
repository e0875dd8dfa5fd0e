// The certificates that the listeners show, read from their files at the start and when they were renewed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/net/tls_identity.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace dujiang::app {

class Certificates {
 public:
  // `path`: where the configuration names the files, for messages ("listen.tls").
  base::Result<std::shared_ptr<adapters::net::OwnCertificate>> add(const std::string& path,
                                                                   const config::CertificateFiles& files);

  // Reads all of them anew. Where one is no good all stay as they were, and the error says why.
  base::Result<void> reload();

 private:
  struct Entry {
    std::string path;
    config::CertificateFiles files;
    std::shared_ptr<adapters::net::OwnCertificate> certificate;
  };

  std::vector<Entry> entries_;
};

}  // namespace dujiang::app
