// An operator's file: read without harm whatever is in it; what is accepted can be printed and read again,
// and no secret is in the print.
#include <algorithm>
#include <string>

#include "config/config.hpp"
#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"

namespace dujiang::fuzz {
namespace {

constexpr std::string_view kSecret = "sk-e4a9c1b2d3f4a5b6";

config::Environment environment() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            if (name == "KEY") return std::string(kSecret);
            if (name == "EMPTY") return std::string();
            return std::nullopt;
          },
          .read_file = [](const std::string& path) -> base::Result<std::string> {
            if (path.ends_with("keys")) return std::string(kSecret) + "\n";
            return base::fail("No such file or directory");
          }};
}

// Whether the secret is named only where keys belong: whoever calls an upstream by it wants to see it.
bool is_secret_in_place(std::string_view bytes) {
  if (bytes.contains(kSecret)) return false;  // a fuzzer learns it from the checks
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    if (line.contains("KEY") && !line.contains("api_key: ${KEY}") && !line.contains("keys: [\"${KEY}\"]"))
      return false;
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
  }
  return true;
}

std::string without_masks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    out += line.contains("****") ? "(masked)\n" : line;
    text.remove_prefix(line.size());
  }
  return out;
}

std::string first_difference(std::string_view one, std::string_view other) {
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  const std::size_t from = at < 60 ? 0 : at - 60;
  return std::string(one.substr(from, 120)) + "\n  and\n" + std::string(other.substr(from, 120));
}

}  // namespace

void configuration(std::string_view bytes) {
  const Exact exact(bytes);
  const bool hides = is_secret_in_place(bytes);
  const auto config = config::parse(exact.view(), environment());
  if (!config) {
    require(!config.error().empty(), "a refusal without a reason");
    const std::string text = config::to_text("f.yaml", config.error());
    require(!hides || !text.contains(kSecret), "a secret is told in an error: " + text);
    for (const config::Problem& problem : config.error())
      require(!problem.message.empty(), "a problem without words");
    return;
  }
  const std::string shown = config::effective_yaml(*config);
  require(!hides || !shown.contains(kSecret), "a secret is shown: " + shown);
  const auto again = config::parse(shown, environment());
  require(again.has_value(),
          "what is shown cannot be read: " + (again ? "" : config::to_text("f.yaml", again.error())) + shown);
  // A mask of a mask shows less.
  const std::string expected = without_masks(shown);
  const std::string got = without_masks(config::effective_yaml(*again));
  require(got == expected, "what is shown means something else: " + first_difference(expected, got));
}

}  // namespace dujiang::fuzz
