// What a certificate says of itself, for people.
#pragma once

#include <string>

#include "base/time.hpp"

struct x509_st;

namespace dujiang::adapters::net {

struct CertificateFacts {
  std::string subject;    // the first name that it is for, or else its common name
  std::string issuer;     // organisation and common name of who signed it
  base::WallTime from{};  // the epoch for a time that can't be read
  base::WallTime until{};
};

CertificateFacts facts_of(const x509_st& certificate);

}  // namespace dujiang::adapters::net
