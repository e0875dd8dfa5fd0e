#include "config/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "config/config.hpp"

namespace dujiang::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kTimes = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array kSizes = {
    Unit{"", 1},     Unit{"B", 1},    Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0},
    Unit{"kB", 1e3}, Unit{"MB", 1e6}, Unit{"GB", 1e9}};

// A sum of numbers with units, "1m30s"; nothing for anything else.
std::optional<double> read_sum(std::string_view text, std::span<const Unit> units) {
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    double amount = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(amount) || amount < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto word = text.substr(0, text.find_first_of("0123456789."));
    const Unit* unit = nullptr;
    for (const Unit& known : units) {
      if (known.name == word) unit = &known;
    }
    if (unit == nullptr) return std::nullopt;
    sum += amount * unit->factor;
    text.remove_prefix(word.size());
  }
  return sum;
}

std::string bytes_text(std::uint64_t value) {
  if (value != 0 && value % (1u << 30) == 0) return fmt::format("{}GiB", value >> 30);
  if (value != 0 && value % (1u << 20) == 0) return fmt::format("{}MiB", value >> 20);
  if (value != 0 && value % (1u << 10) == 0) return fmt::format("{}KiB", value >> 10);
  return fmt::format("{}B", value);
}

bool is_printable(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

// Reads a scalar and keeps it if `is_right`; else the problem says what it is and what it must be.
std::optional<std::string> read_checked(Reader& reader, const YamlNode& node, const std::string& path,
                                        const std::string& type, bool (*is_right)(std::string_view)) {
  auto text = reader.scalar(node, path, type);
  if (text && !is_right(*text)) {
    reader.problem(node.line, path, fmt::format("is {}, but must be {}", Reader::shown(node), type));
    return std::nullopt;
  }
  return text;
}

// One kind of number with units, or without any.
template <class V>
Codec<V> sum(const std::string& brief, const std::string& type, std::span<const Unit> units, double least,
             double most, std::string (*print)(V)) {
  return {brief, type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, V& into) {
            const auto text = reader.scalar(node, path, type);
            if (!text) return;
            const auto value = read_sum(*text, units);
            if (value && *value >= least && *value <= most) {
              into = V(static_cast<std::int64_t>(std::llround(*value)));
            } else {
              reader.problem(node.line, path,
                             fmt::format("is {}, but must be {}", Reader::shown(node), type));
            }
          },
          [=](const V& value) { return Value::plain(print(value)); }};
}

}  // namespace

namespace detail {

std::optional<std::uint64_t> read_integer(Reader& reader, const YamlNode& node, const std::string& path,
                                          std::string_view type, std::uint64_t least, std::uint64_t most) {
  const auto text = reader.scalar(node, path, type);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= least && value <= most)
    return value;
  reader.problem(node.line, path, fmt::format("is {}, but must be {}", Reader::shown(node), type));
  return std::nullopt;
}

std::string integer_brief(std::uint64_t least, std::uint64_t most) {
  return least == most ? fmt::format("`{}`", least) : fmt::format("integer, {} to {}", least, most);
}

std::string integer_type(std::uint64_t least, std::uint64_t most) {
  if (least == most) return fmt::format("{}", least);
  return fmt::format("a whole number from {} to {}", least, most);
}

std::string choice_type(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view before = i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    out += fmt::format("{}`{}`", before, words[i]);
  }
  return out;
}

bool expect_list(Reader& reader, const YamlNode& node, const std::string& path, std::size_t most) {
  if (node.kind != YamlNode::Kind::list) {
    reader.problem(node.line, path, "must be a list: lines that begin with `- `, or [a, b]");
    return false;
  }
  if (node.items.size() > most) {
    reader.problem(node.line, path, fmt::format("has {} entries, but may have {}", node.items.size(), most));
    return false;
  }
  return true;
}

}  // namespace detail

std::string duration_text(milliseconds value) {
  const auto ms = value.count();
  if (ms == 0) return "0s";
  std::string out;
  if (ms >= 3'600'000) out += fmt::format("{}h", ms / 3'600'000);
  if (ms % 3'600'000 >= 60'000) out += fmt::format("{}m", ms % 3'600'000 / 60'000);
  if (ms % 60'000 >= 1000) out += fmt::format("{}s", ms % 60'000 / 1000);
  if (ms % 1000 != 0) out += fmt::format("{}ms", ms % 1000);
  return out;
}

Codec<milliseconds> duration(milliseconds least, milliseconds most) {
  return sum<milliseconds>(
      fmt::format("duration, {} to {}", duration_text(least), duration_text(most)),
      fmt::format("a duration with its unit, like 500ms, 10s, 1m30s or 2h, from {} to {}",
                  duration_text(least), duration_text(most)),
      kTimes, static_cast<double>(least.count()), static_cast<double>(most.count()), duration_text);
}

Codec<std::uint64_t> bytes(std::uint64_t least, std::uint64_t most) {
  return sum<std::uint64_t>(
      fmt::format("size, {} to {}", bytes_text(least), bytes_text(most)),
      fmt::format("a size like 64KiB or 16MiB, from {} to {}", bytes_text(least), bytes_text(most)), kSizes,
      static_cast<double>(least), static_cast<double>(most), bytes_text);
}

Codec<double> number(double least, double most) {
  const std::string type = fmt::format("a number from {} to {}", least, most);
  return {
      fmt::format("number, {} to {}", least, most), type,
      [=](Reader& reader, const YamlNode& node, const std::string& path, double& into) {
        const auto text = reader.scalar(node, path, type);
        if (!text) return;
        double value = 0;
        const char* const text_end = text->data() + text->size();
        const auto [end, error] = std::from_chars(text->data(), text_end, value, std::chars_format::fixed);
        if (error == std::errc() && end == text_end && value >= least && value <= most) {
          into = value;
        } else {
          reader.problem(node.line, path, fmt::format("is {}, but must be {}", Reader::shown(node), type));
        }
      },
      [](const double& value) { return Value::plain(fmt::format("{}", value)); }};
}

Codec<bool> boolean() { return choice<bool>({{"true", true}, {"false", false}}); }

namespace {

Codec<std::string> line_of_text(const std::string& brief, std::size_t longest) {
  const std::string type = fmt::format("text of 1 to {} bytes on one line", longest);
  return {brief, type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::string& into) {
            auto value = reader.scalar(node, path, type);
            if (!value) return;
            if (value->empty() || value->size() > longest || !is_printable(*value)) {
              reader.problem(node.line, path,
                             fmt::format("is {}, but must be {}", Reader::shown(node), type));
            } else {
              into = std::move(*value);
            }
          },
          [](const std::string& value) { return value.empty() ? Value{} : Value::string(value); }};
}

}  // namespace

Codec<std::string> text(std::size_t longest) { return line_of_text("text", longest); }

Codec<std::string> word(std::vector<std::string_view> known) {
  const std::string type = detail::choice_type(known);
  return {type, type,
          [known = std::move(known), type](Reader& reader, const YamlNode& node, const std::string& path,
                                           std::string& into) {
            auto value = reader.scalar(node, path, type);
            if (!value) return;
            if (std::ranges::find(known, *value) != known.end()) {
              into = std::move(*value);
            } else {
              reader.problem(node.line, path,
                             fmt::format("is {}{}", Reader::shown(node), suggestion(*value, known)));
            }
          },
          [](const std::string& value) { return Value::string(value); }};
}

Codec<std::string> file() { return line_of_text("path of a file", 4096); }

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

Codec<std::string> name() {
  const std::string type = "a name of 1 to 64 letters, digits, `.`, `_` or `-`";
  return {"name", type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::string& into) {
            if (auto value = read_checked(reader, node, path, type, is_name)) into = std::move(*value);
          },
          [](const std::string& value) { return value.empty() ? Value{} : Value::string(value); }};
}

Codec<route::Secret> secret() {
  return {"key", "a key, best from the environment: ${NAME}",
          [](Reader& reader, const YamlNode& node, const std::string& path, route::Secret& into) {
            auto value = reader.scalar(node, path, "a key, best from the environment: ${NAME}");
            if (!value) return;
            for (char c : *value) {
              if (c <= 0x20 || c == 0x7f || static_cast<unsigned char>(c) > 0x7f) {
                reader.problem(node.line, path,
                               "holds a space, a line end or another character that a key can't have");
                return;
              }
            }
            into = route::Secret(std::move(*value));
          },
          [](const route::Secret& value) { return value.empty() ? Value{} : Value::string(value.masked()); }};
}

}  // namespace dujiang::config
