// Messages name settings; whoever looks for one must find it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "provider/caller_error.hpp"

namespace dujiang::config {
namespace {

// The settings by their sections, as docs/configuration.md has them.
class Settings {
 public:
  Settings() {
    std::istringstream lines(reference());
    const std::regex row(R"(^\| (?:\*\*)?`([a-z0-9_]+)`.*)");
    std::smatch key;
    std::string section;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("## ")) section = line.substr(3);
      if (std::regex_match(line, key, row)) sections_[section].insert(key[1]);
    }
  }

  bool has(const std::string& key) const {
    return std::ranges::any_of(sections_, [&](const auto& section) { return section.second.contains(key); });
  }
  bool has(const std::string& section, const std::string& key) const {
    return sections_.contains(section) && sections_.at(section).contains(key);
  }

 private:
  std::map<std::string, std::set<std::string>> sections_;
};

std::vector<std::smatch> all_matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()};
}

// The texts that a source file has between quotation marks.
std::string literals_of(const std::filesystem::path& file) {
  static const std::regex literal(R"("(?:[^"\\\n]|\\.)*")");
  std::ifstream in(file);
  std::string all;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#include")) continue;
    for (const std::smatch& text : all_matches(line, literal)) all += text.str() + '\n';
  }
  return all;
}

TEST(NamedSettings, what_the_advice_to_a_caller_names_exists) {
  const Settings settings;
  const std::regex named(R"(\b(?:(memory|listen|drain|log)\.([a-z_]+)|([a-z]+(?:_[a-z]+)+))\b)");
  int seen = 0;
  for (std::size_t i = 0; i < provider::kCodeCount; ++i) {
    const std::string message = provider::caller_error(static_cast<provider::Code>(i)).message;
    for (const std::smatch& setting : all_matches(message, named)) {
      ++seen;
      const bool exists =
          setting[1].matched ? settings.has(setting[1], setting[2]) : settings.has(setting[3]);
      EXPECT_TRUE(exists) << setting.str() << " is no setting: " << message;
    }
  }
  EXPECT_GE(seen, 4);
}

TEST(NamedSettings, what_a_message_names_with_its_section_exists) {
  const Settings settings;
  const std::regex named(R"(\b(memory|listen|drain|log)\.([a-z_]+)\b)");
  int seen = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(DUJIANG_SOURCE_DIR "/src")) {
    if (file.path().extension() != ".cpp" && file.path().extension() != ".hpp") continue;
    const std::string literals = literals_of(file.path());
    for (const std::smatch& setting : all_matches(literals, named)) {
      ++seen;
      EXPECT_TRUE(settings.has(setting[1], setting[2])) << setting.str() << " in " << file.path();
    }
  }
  EXPECT_GE(seen, 10);
}

}  // namespace
}  // namespace dujiang::config
