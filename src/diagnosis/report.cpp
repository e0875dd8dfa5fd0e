#include "diagnosis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "api/json_edit.hpp"
#include "base/ascii.hpp"
#include "diagnosis/words.hpp"

namespace dujiang::diagnosis {
namespace {

constexpr std::size_t kWidth = 110;
constexpr std::size_t kIndent = 23;  // of what was found: after the level and the check's name
constexpr std::string_view kToDo = "to do: ";

// Columns of a terminal, near enough: a character of UTF-8 takes one.
std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

// `text` in lines of kWidth, broken at blanks; all but the first begin with `indent` blanks. A word that is
// longer stays whole, so that it can be copied.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t width = columns(word);
    if (column > indent && column + 1 + width > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
  }
  return out;
}

std::string_view shown(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warn:
      return "WARN";
    case Level::fail:
      return "FAIL";
    case Level::skipped:
      break;
  }
  return "-";
}

std::string_view colour_of(Level level) {
  switch (level) {
    case Level::ok:
      return "\x1b[32m";
    case Level::warn:
      return "\x1b[33m";
    case Level::fail:
      return "\x1b[31m";
    case Level::skipped:
      break;
  }
  return "\x1b[2m";
}

std::string line_of(const Finding& finding, Colour colour) {
  std::string level = fmt::format("{:<6}", shown(finding.level));
  if (colour == Colour::ansi) level = fmt::format("{}{}\x1b[0m", colour_of(finding.level), level);
  std::string text = fmt::format("  {}{:<15}{}\n", level, finding.check, wrapped(finding.found, kIndent));
  if (!finding.advice.empty()) {
    text += fmt::format("{}{}{}\n", std::string(kIndent, ' '), kToDo,
                        wrapped(finding.advice, kIndent + kToDo.size()));
  }
  return text;
}

// How many findings from `first` on were skipped for the same reason.
std::size_t skipped_alike(std::span<const Finding> findings, std::size_t first) {
  std::size_t count = 0;
  for (const Finding& finding : findings.subspan(first)) {
    if (finding.level != Level::skipped || finding.found != findings[first].found) break;
    ++count;
  }
  return count;
}

// One line instead of many that say the same.
Finding the_rest(std::span<const Finding> findings, std::size_t first, std::size_t count) {
  Finding all = findings[first];
  all.check = "the rest";
  std::string names;
  for (const Finding& finding : findings.subspan(first, count)) {
    names += (names.empty() ? "" : ", ") + std::string(finding.check);
  }
  all.found = fmt::format("{} ({})", all.found, names);
  return all;
}

std::string json_of(const Finding& finding) {
  return fmt::format(R"({{"check":{},"level":{},"found":{},"advice":{}}})", api::json_quote(finding.check),
                     api::json_quote(to_string(finding.level)), api::json_quote(finding.found),
                     api::json_quote(finding.advice));
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warn:
      return "warn";
    case Level::fail:
      return "fail";
    case Level::skipped:
      break;
  }
  return "skipped";
}

void Tally::count(const Section& section) {
  for (const Finding& finding : section.findings) {
    failed += finding.level == Level::fail ? 1 : 0;
    warned += finding.level == Level::warn ? 1 : 0;
  }
}

std::string to_text(const Section& section, Colour colour) {
  std::string text =
      colour == Colour::ansi ? fmt::format("\x1b[1m{}\x1b[0m\n", section.title) : section.title + "\n";
  for (std::size_t i = 0; i < section.findings.size();) {
    const std::size_t alike = skipped_alike(section.findings, i);
    text += line_of(alike < 2 ? section.findings[i] : the_rest(section.findings, i, alike), colour);
    i += std::max<std::size_t>(alike, 1);
  }
  return text;
}

std::string summary(const Tally& tally) {
  if (tally.failed == 0 && tally.warned == 0) return "All is well.\n";
  const std::string warnings = count_text(tally.warned, "warning");
  if (tally.failed == 0) return fmt::format("It works; {}.\n", warnings);
  std::string text = fmt::format("{} failed", count_text(tally.failed, "check"));
  if (tally.warned > 0) text += ", " + warnings;
  return text + ".\n";
}

std::string to_json(std::span<const Section> sections) {
  Tally tally;
  std::string list;
  for (const Section& section : sections) {
    tally.count(section);
    std::string findings;
    for (const Finding& finding : section.findings)
      findings += (findings.empty() ? "" : ",") + json_of(finding);
    list += fmt::format(R"({}{{"title":{},"findings":[{}]}})", list.empty() ? "" : ",",
                        api::json_quote(section.title), findings);
  }
  return fmt::format("{{\"failed\":{},\"warned\":{},\"sections\":[{}]}}\n", tally.failed, tally.warned, list);
}

}  // namespace dujiang::diagnosis
