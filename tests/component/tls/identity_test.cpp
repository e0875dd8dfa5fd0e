#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "adapters/net/tls_identity.hpp"
#include "support/certificates.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using namespace dujiang::testing;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using In = IdentityFault::In;

IdentityFault fault_of(const std::string& certificate, const std::string& key) {
  const auto identity = TlsIdentity::make(certificate, key);
  return identity ? IdentityFault{.message = "none"} : identity.error();
}

class IdentityTest : public ::testing::Test {
 protected:
  Certificate authority_ = make_authority("Test CA");
  Certificate leaf_ = make_leaf(authority_);
};

TEST_F(IdentityTest, IsACertificateWithItsKeyAndMaybeItsChain) {
  EXPECT_TRUE(TlsIdentity::make(leaf_.certificate, leaf_.key));
  const auto identity = TlsIdentity::make(leaf_.certificate + authority_.certificate, leaf_.key);
  ASSERT_TRUE(identity);
  EXPECT_LT((*identity)->valid_from(), (*identity)->valid_until());
  EXPECT_EQ((*identity)->valid_until() - (*identity)->valid_from(), 2h);
}

TEST_F(IdentityTest, MayHoldItsKeyAndCertificateInOneText) {
  const std::string both = leaf_.key + leaf_.certificate;
  EXPECT_TRUE(TlsIdentity::make(both, both));
}

TEST_F(IdentityTest, SaysWhatIsNoCertificateAndWhatIsNoKey) {
  EXPECT_EQ(fault_of("no PEM at all", leaf_.key).message, "holds no certificate in PEM form");
  EXPECT_EQ(fault_of(leaf_.key, leaf_.key).in, In::certificate) << "a key is no certificate";
  EXPECT_EQ(fault_of(leaf_.certificate, "").message, "holds no private key in PEM form");
  EXPECT_EQ(fault_of(leaf_.certificate, leaf_.certificate).in, In::key);
  EXPECT_EQ(fault_of("", "").in, In::certificate);
}

TEST_F(IdentityTest, RefusesAKeyOfAnotherCertificate) {
  const IdentityFault fault = fault_of(leaf_.certificate, make_leaf(authority_).key);
  EXPECT_EQ(fault.in, In::key);
  EXPECT_THAT(fault.message, HasSubstr("does not belong to the certificate"));
}

TEST_F(IdentityTest, SeesAChainInTheWrongOrder) {
  const IdentityFault fault = fault_of(authority_.certificate + leaf_.certificate, leaf_.key);
  EXPECT_EQ(fault.in, In::key);
  EXPECT_THAT(fault.message, HasSubstr("number 2 of its file; that one must come first"));
}

TEST_F(IdentityTest, RefusesAnExpiredCertificateAndSaysSinceWhen) {
  const Certificate expired = make_leaf(authority_, {.not_before = -48h, .not_after = -24h});
  const IdentityFault fault = fault_of(expired.certificate, expired.key);
  EXPECT_EQ(fault.in, In::certificate);
  EXPECT_THAT(fault.message, ContainsRegex("expired on 20[0-9][0-9]-[0-9][0-9]-[0-9][0-9], which no caller"));
}

TEST_F(IdentityTest, TakesACertificateOfTomorrowSinceTheClockMayBeWrong) {
  const Certificate early = make_leaf(authority_, {.not_before = 24h, .not_after = 48h});
  const auto identity = TlsIdentity::make(early.certificate, early.key);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_GT((*identity)->valid_from(), std::chrono::system_clock::now());
  EXPECT_THAT((*identity)->remark(), ContainsRegex("not valid before 20.*; check this machine's clock"));
}

TEST_F(IdentityTest, RemindsOfACertificateThatEndsSoon) {
  const Certificate soon = make_leaf(authority_, {.not_before = -1h, .not_after = 13 * 24h});
  EXPECT_THAT(TlsIdentity::make(soon.certificate, soon.key).value()->remark(),
              ContainsRegex("expires on 20[0-9-]*; renew it"));
  const Certificate later = make_leaf(authority_, {.not_before = -1h, .not_after = 15 * 24h});
  EXPECT_EQ(TlsIdentity::make(later.certificate, later.key).value()->remark(), "");
}

TEST_F(IdentityTest, RefusesAKeyThatSomebodyWouldHaveToUnlock) {
  const IdentityFault fault = fault_of(leaf_.certificate, protect(leaf_.key, "a passphrase"));
  EXPECT_EQ(fault.in, In::key);
  EXPECT_THAT(fault.message, HasSubstr("protected by a passphrase"));
}

}  // namespace
}  // namespace dujiang::adapters::net
