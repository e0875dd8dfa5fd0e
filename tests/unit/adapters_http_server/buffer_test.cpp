#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "adapters/http/server_buffer.hpp"

namespace dujiang::adapters::http {
namespace {

TEST(ReadBuffer, settled_keeps_what_follows_in_memory_of_its_size) {
  BlockPool pool;
  ReadBuffer buffer(pool);
  buffer.append("head" + std::string(1400, 'b'));
  const char* const block = buffer.view().data();
  buffer.settle(4);
  EXPECT_EQ(buffer.view(), std::string(1400, 'b'));
  EXPECT_EQ(buffer.capacity(), 1400u);
  EXPECT_EQ(pool.take().get(), block) << "the block is there for whoever reads next";
}

TEST(ReadBuffer, settled_with_nothing_left_holds_no_memory) {
  BlockPool pool;
  ReadBuffer buffer(pool);
  buffer.append("head");
  buffer.settle(4);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(ReadBuffer, settled_reads_on_behind_what_is_there) {
  BlockPool pool;
  ReadBuffer buffer(pool);
  buffer.append("one, two");
  buffer.settle(5);
  const auto space = buffer.space();
  EXPECT_GE(space.size(), kBlockBytes / 2) << "a read that takes little asks again and again";
  std::ranges::copy(std::string(", three"), space.begin());
  buffer.commit(7);
  EXPECT_EQ(buffer.view(), "two, three");
}

}  // namespace
}  // namespace dujiang::adapters::http
