// Every file of tests/fuzz/corpus, seeds and past findings alike, run through its target as an ordinary test.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"

namespace dujiang::fuzz {
namespace {

std::vector<std::filesystem::path> files_of(const Target& target) {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(DUJIANG_SOURCE_DIR) / "tests/fuzz/corpus" / target.name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, HoldsEveryPropertyForEverySeedAndPastFinding) {
  const auto files = files_of(GetParam());
  EXPECT_GE(files.size(), 5u) << "a fuzzer that starts from nothing finds nothing";
  for (const auto& file : files) EXPECT_NO_THROW(GetParam().run(content_of(file))) << file;
}

// The beginnings of a seed are where a parser meets the end of what it has.
TEST_P(Corpus, HoldsEveryPropertyForEveryBeginningOfASeed) {
  constexpr std::size_t kLongest = 400;
  for (const auto& file : files_of(GetParam())) {
    const std::string content = content_of(file);
    for (std::size_t size = 0; size < std::min(content.size(), kLongest); ++size)
      EXPECT_NO_THROW(GetParam().run(content.substr(0, size))) << file << ", " << size << " bytes of it";
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Corpus, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dujiang::fuzz
