#include <gtest/gtest.h>

#include "provider/normalise.hpp"

namespace dujiang::provider {
namespace {

ThinkSplitter::Parts split(const std::vector<std::string_view>& pieces) {
  ThinkSplitter splitter;
  ThinkSplitter::Parts all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const ThinkSplitter::Parts parts = splitter.feed(pieces[i], i + 1 == pieces.size());
    all.reasoning += parts.reasoning;
    all.content += parts.content;
  }
  EXPECT_FALSE(splitter.holds());
  return all;
}

TEST(ThinkSplitter, GivesTheSameForEverySplit) {
  for (const std::string_view text : {"<think>\na <b> </thi </think>\n\nHello </think> <think>",
                                      "  <think></think>x", "<think>never closed </thin", "<thing>", "plain",
                                      "   ", "<think>a</think>", "\n<think>\n\nb</think>  "}) {
    const ThinkSplitter::Parts whole = split({text});
    for (std::size_t i = 0; i <= text.size(); ++i) {
      for (std::size_t j = i; j <= text.size(); ++j) {
        const ThinkSplitter::Parts parts = split({text.substr(0, i), text.substr(i, j - i), text.substr(j)});
        ASSERT_EQ(parts.reasoning, whole.reasoning) << text << " at " << i << "," << j;
        ASSERT_EQ(parts.content, whole.content) << text << " at " << i << "," << j;
      }
    }
  }
}

TEST(ThinkSplitter, TakesThinkingOutAndLeavesContentAlone) {
  const ThinkSplitter::Parts parts = split({"<think>\na <b> </thi </think>\n\nHello </think> <think>"});
  EXPECT_EQ(parts.reasoning, "a <b> </thi ");
  EXPECT_EQ(parts.content, "Hello </think> <think>");
  EXPECT_EQ(split({"   "}).content, "   ");
  EXPECT_EQ(split({"plain"}).content, "plain");
  EXPECT_EQ(split({"<think>never closed </thin"}).reasoning, "never closed </thin");
}

TEST(ThinkSplitter, HoldsBackNoMoreThanATag) {
  ThinkSplitter splitter;
  EXPECT_EQ(splitter.feed("<thin", false).content, "");
  EXPECT_TRUE(splitter.holds());
  EXPECT_EQ(splitter.feed("g", false).content, "<thing");
  EXPECT_TRUE(splitter.passes());
  ThinkSplitter thinking;
  EXPECT_EQ(thinking.feed("<think>abc</thin", false).reasoning, "abc");
}

}  // namespace
}  // namespace dujiang::provider
