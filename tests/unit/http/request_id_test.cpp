#include "http/request_id.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::http {
namespace {

TEST(RequestId, OfTheCallerIsKept) {
  base::Random chance(1);
  EXPECT_EQ(request_id("my-request/1", chance), "my-request/1");
  EXPECT_EQ(request_id(std::string(128, 'x'), chance), std::string(128, 'x'));
}

TEST(RequestId, ThatIsUnfitForAHeaderOrALogIsReplaced) {
  base::Random chance(1);
  for (const std::string& unfit : {std::string(), std::string(129, 'x'), std::string("a b"),
                                   std::string("a\tb"), std::string("caf\xc3\xa9")}) {
    EXPECT_TRUE(request_id(unfit, chance).starts_with("req_")) << unfit;
  }
}

TEST(RequestId, IsNewWhereTheCallerGivesNone) {
  base::Random chance(1);
  const std::string one = request_id(std::nullopt, chance);
  EXPECT_EQ(one.size(), 36u);
  EXPECT_NE(one, request_id(std::nullopt, chance));
}

}  // namespace
}  // namespace dujiang::http
