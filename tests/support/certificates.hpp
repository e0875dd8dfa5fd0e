// Certificates made on the spot, good and bad, for tests of TLS.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace dujiang::testing {

// PEM texts of a certificate and its private key.
struct Certificate {
  std::string certificate;
  std::string key;
};

Certificate make_authority(const std::string& name);

struct LeafOptions {
  std::vector<std::string> names{"localhost"};  // "DNS:x" is implied; "IP:127.0.0.1" is taken as it is
  std::chrono::seconds not_before{-3600};       // from now
  std::chrono::seconds not_after{3600};
};

Certificate make_leaf(const Certificate& authority, const LeafOptions& options = {});
Certificate make_self_signed(const LeafOptions& options = {});

// The PEM text of a key, protected by a passphrase.
std::string protect(const std::string& key, const std::string& passphrase);

// Writes `text` to a file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace dujiang::testing
