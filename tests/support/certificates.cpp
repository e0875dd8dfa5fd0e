#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

namespace dujiang::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL could not make a certificate for the test");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Certificate to_pem(X509* cert, EVP_PKEY* key) {
  const Bio cert_text(BIO_new(BIO_s_mem()), &BIO_free);
  const Bio key_text(BIO_new(BIO_s_mem()), &BIO_free);
  require(PEM_write_bio_X509(cert_text.get(), cert) == 1);
  require(PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {.certificate = text_of(cert_text.get()), .key = text_of(key_text.get())};
}

Bio reader(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

void add_extension(X509* cert, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(cert, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

struct Draft {
  Key key{nullptr, &EVP_PKEY_free};
  Cert cert{nullptr, &X509_free};
};

Draft draft(const std::string& name, std::chrono::seconds not_before, std::chrono::seconds not_after) {
  static long serial = 1;
  Draft result;
  result.key.reset(EVP_EC_gen("P-256"));
  result.cert.reset(X509_new());
  X509* cert = result.cert.get();
  require(result.key != nullptr && cert != nullptr);
  X509_set_version(cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), not_before.count());
  X509_gmtime_adj(X509_getm_notAfter(cert), not_after.count());
  X509_set_pubkey(cert, result.key.get());
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.c_str());
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8, bytes, -1, -1, 0) ==
          1);
  return result;
}

void name_hosts(X509* cert, const LeafOptions& options) {
  std::string names;
  for (const std::string& name : options.names) {
    if (!names.empty()) names += ',';
    names += name.starts_with("IP:") ? name : "DNS:" + name;
  }
  add_extension(cert, NID_subject_alt_name, names);
}

}  // namespace

Certificate make_authority(const std::string& name) {
  const Draft ca = draft(name, std::chrono::hours(-1), std::chrono::hours(1));
  X509_set_issuer_name(ca.cert.get(), X509_get_subject_name(ca.cert.get()));
  add_extension(ca.cert.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca.cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(ca.cert.get(), ca.key.get(), EVP_sha256()) > 0);
  return to_pem(ca.cert.get(), ca.key.get());
}

Certificate make_leaf(const Certificate& authority, const LeafOptions& options) {
  const Cert issuer(PEM_read_bio_X509(reader(authority.certificate).get(), nullptr, nullptr, nullptr),
                    &X509_free);
  const Key issuer_key(PEM_read_bio_PrivateKey(reader(authority.key).get(), nullptr, nullptr, nullptr),
                       &EVP_PKEY_free);
  require(issuer != nullptr && issuer_key != nullptr);
  const Draft leaf = draft("leaf", options.not_before, options.not_after);
  X509_set_issuer_name(leaf.cert.get(), X509_get_subject_name(issuer.get()));
  name_hosts(leaf.cert.get(), options);
  require(X509_sign(leaf.cert.get(), issuer_key.get(), EVP_sha256()) > 0);
  return to_pem(leaf.cert.get(), leaf.key.get());
}

Certificate make_self_signed(const LeafOptions& options) {
  const Draft leaf = draft("self", options.not_before, options.not_after);
  X509_set_issuer_name(leaf.cert.get(), X509_get_subject_name(leaf.cert.get()));
  name_hosts(leaf.cert.get(), options);
  require(X509_sign(leaf.cert.get(), leaf.key.get(), EVP_sha256()) > 0);
  return to_pem(leaf.cert.get(), leaf.key.get());
}

std::string protect(const std::string& key, const std::string& passphrase) {
  const Key open(PEM_read_bio_PrivateKey(reader(key).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const Bio text(BIO_new(BIO_s_mem()), &BIO_free);
  require(PEM_write_bio_PKCS8PrivateKey(text.get(), open.get(), EVP_aes_128_cbc(), passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
  return text_of(text.get());
}

TemporaryFile::TemporaryFile(const std::string& text) : path_("/tmp/dujiang-test-XXXXXX") {
  const int fd = ::mkstemp(path_.data());
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("no temporary file could be written in /tmp");
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

}  // namespace dujiang::testing
