#include "http/name_set.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::http {
namespace {

constexpr NameSet kNames({"te", "host", "trailer", "transfer-encoding", "x-api-key", "4th"});
static_assert(kNames.contains("host"));

TEST(NameSet, ContainsEachNameInEitherCase) {
  for (const char* name : {"te", "TE", "Host", "trailer", "Transfer-Encoding", "X-API-Key", "4TH"}) {
    EXPECT_TRUE(kNames.contains(name)) << name;
  }
}

TEST(NameSet, ContainsNoOtherName) {
  const std::string long_name(40, 't');
  for (const std::string& name : {std::string(), std::string("t"), std::string("tf"), std::string("hosts"),
                                  std::string("hast"), std::string("trailed"), std::string("Dte"),
                                  std::string("\x14"
                                              "e"),
                                  long_name}) {
    EXPECT_FALSE(kNames.contains(name)) << name;
  }
}

}  // namespace
}  // namespace dujiang::http
