#include "adapters/net/certificate_facts.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <ctime>
#include <string_view>

namespace dujiang::adapters::net {
namespace {

// Whoever made the certificate wrote these bytes: none that a terminal would obey.
void drop_controls(std::string& text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The last one of its kind, as it is the closest.
std::string part_of(const X509_NAME* name, int kind) {
  int at = -1;
  for (int next = 0; (next = X509_NAME_get_index_by_NID(name, kind, at)) >= 0;) at = next;
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  drop_controls(text);
  return text;
}

std::string first_name(const X509& certificate) {
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  for (int i = 0; text.empty() && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* dns = name->d.dNSName;
    text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)),
                static_cast<std::size_t>(ASN1_STRING_length(dns)));
    drop_controls(text);
  }
  GENERAL_NAMES_free(names);
  return text;
}

base::WallTime to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace

CertificateFacts facts_of(const X509& certificate) {
  CertificateFacts facts{.subject = first_name(certificate),
                         .issuer = part_of(X509_get_issuer_name(&certificate), NID_organizationName),
                         .from = to_wall_time(X509_get0_notBefore(&certificate)),
                         .until = to_wall_time(X509_get0_notAfter(&certificate))};
  if (facts.subject.empty()) facts.subject = part_of(X509_get_subject_name(&certificate), NID_commonName);
  if (const std::string name = part_of(X509_get_issuer_name(&certificate), NID_commonName); !name.empty()) {
    facts.issuer += (facts.issuer.empty() ? "" : " ") + name;
  }
  return facts;
}

}  // namespace dujiang::adapters::net
