#include "config/environment.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace dujiang::config {
namespace {

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '_') return false;
  }
  return true;
}

// The value of what stands between `${` and `}`.
base::Result<std::string> value_of(std::string_view reference, const Environment& environment) {
  const auto split = reference.find(":-");
  const std::string name(reference.substr(0, split));
  if (!is_name(name)) {
    return base::fail("a variable is written ${NAME} or ${NAME:-default}; a dollar sign is written $$");
  }
  std::optional<std::string> value = environment.variable(name);
  if (value && !value->empty()) return *value;
  if (split != std::string_view::npos) return std::string(reference.substr(split + 2));
  return base::fail(fmt::format("the environment variable {0} is {1}; set it, or write ${{{0}:-default}}",
                                name, value ? "empty" : "not set"));
}

base::Result<std::string> read_whole(const std::string& path) {
  constexpr std::streamsize kMost = 1 << 20;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(kMost) + 1, '\0');
  if (file) file.read(content.data(), kMost + 1);
  if (!file.eof() && !file) return base::fail(errno != 0 ? std::strerror(errno) : "cannot be read");
  if (file.bad()) return base::fail(errno != 0 ? std::strerror(errno) : "cannot be read");
  if (file.gcount() > kMost) return base::fail("is larger than 1 MiB");
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

std::optional<unsigned> permission_bits(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) return std::nullopt;
  return static_cast<unsigned>(status.permissions() & std::filesystem::perms::mask);
}

}  // namespace

Environment process_environment() {
  return {
      [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      read_whole,
      "",
      permission_bits,
  };
}

bool others_may_read(const std::string& path, const Environment& environment) {
  constexpr unsigned kOthers = 0044;
  const auto bits = environment.permissions ? environment.permissions(path) : std::nullopt;
  return bits && (*bits & kOthers) != 0;
}

bool anybody_may_read(const std::string& path, const Environment& environment) {
  constexpr unsigned kAnybody = 0004;
  const auto bits = environment.permissions ? environment.permissions(path) : std::nullopt;
  return bits && (*bits & kAnybody) != 0;
}

std::string resolve(const std::string& path, const Environment& environment) {
  return (std::filesystem::path(environment.folder) / path).string();
}

base::Result<Expanded> expand(std::string_view text, const Environment& environment) {
  Expanded out;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    out.text += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out.text += '$';
      text.remove_prefix(1);
    } else if (text.starts_with('{')) {
      const auto end = text.find('}');
      if (end == std::string_view::npos)
        return base::fail("a ${ has no closing }; a dollar sign is written $$");
      auto value = value_of(text.substr(1, end - 1), environment);
      if (!value) return std::unexpected(value.error());
      out.text += *value;
      out.from_variable = true;
      text.remove_prefix(end + 1);
    } else {
      out.text += '$';
    }
  }
  return out;
}

}  // namespace dujiang::config
