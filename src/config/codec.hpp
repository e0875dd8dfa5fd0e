// How one kind of setting is read from YAML, shown again, and described in the reference.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/nearest.hpp"
#include "config/reader.hpp"
#include "config/value.hpp"
#include "config/yaml_node.hpp"
#include "route/spec.hpp"

namespace dujiang::config {

template <class V>
struct Codec {
  std::string brief;  // in the reference: "duration, 1ms to 1h"
  std::string type;   // completes "must be …" in a message: "a duration with its unit, …"
  // Leaves `into` as it is, and a problem with the reader, where the node is not right.
  std::function<void(Reader&, const YamlNode&, const std::string& path, V& into)> read;
  std::function<Value(const V&)> show;
};

using std::chrono::milliseconds;

// "10s", "500ms", "1m30s", "1.5h"; the unit is never left out.
Codec<milliseconds> duration(milliseconds least, milliseconds most);
std::string duration_text(milliseconds value);

// The same for a finer type, in whole milliseconds.
template <class Duration>
Codec<Duration> duration_as(milliseconds least, milliseconds most) {
  const Codec<milliseconds> inner = duration(least, most);
  return {
      inner.brief, inner.type,
      [inner](Reader& reader, const YamlNode& node, const std::string& path, Duration& into) {
        auto value = std::chrono::duration_cast<milliseconds>(into);
        inner.read(reader, node, path, value);
        into = value;
      },
      [inner](const Duration& value) { return inner.show(std::chrono::duration_cast<milliseconds>(value)); }};
}

// "64KiB", "16MiB", "1GB", "4096".
Codec<std::uint64_t> bytes(std::uint64_t least, std::uint64_t most);

Codec<double> number(double least, double most);
Codec<bool> boolean();

// Printable text of 1 to `longest` bytes.
Codec<std::string> text(std::size_t longest = 256);

// One of the words, which live as long as the codec.
Codec<std::string> word(std::vector<std::string_view> known);

// The path of a file.
Codec<std::string> file();

// Letters, digits and ._-, up to 64: what can stand in a header and a label.
Codec<std::string> name();

// Printable ASCII without spaces. Never shown.
Codec<route::Secret> secret();

namespace detail {
std::optional<std::uint64_t> read_integer(Reader& reader, const YamlNode& node, const std::string& path,
                                          std::string_view type, std::uint64_t least, std::uint64_t most);
std::string integer_type(std::uint64_t least, std::uint64_t most);
std::string integer_brief(std::uint64_t least, std::uint64_t most);
std::string choice_type(std::span<const std::string_view> words);
bool expect_list(Reader& reader, const YamlNode& node, const std::string& path, std::size_t most);
}  // namespace detail

template <class Integer>
Codec<Integer> integer(Integer least, Integer most) {
  const std::string type = detail::integer_type(least, most);
  return {detail::integer_brief(least, most), type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, Integer& into) {
            if (const auto value = detail::read_integer(reader, node, path, type, least, most)) {
              into = static_cast<Integer>(*value);
            }
          },
          [](const Integer& value) { return Value::plain(std::to_string(value)); }};
}

template <class Enum>
Codec<Enum> choice(const std::vector<std::pair<std::string_view, Enum>>& words) {
  std::vector<std::string_view> known;
  known.reserve(words.size());
  for (const auto& [word, value] : words) known.push_back(word);
  const std::string type = detail::choice_type(known);
  return {type, type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, Enum& into) {
            const auto word = reader.scalar(node, path, type);
            if (!word) return;
            for (const auto& [known_word, value] : words) {
              if (*word == known_word) {
                into = value;
                return;
              }
            }
            reader.problem(node.line, path, "is " + Reader::shown(node) + suggestion(*word, known));
          },
          [=](const Enum& value) {
            for (const auto& [word, known_value] : words) {
              if (value == known_value) return Value::plain(std::string(word));
            }
            return Value{};
          }};
}

// What may be absent. With an `off` word, that word makes it absent, where the default is not.
template <class V>
Codec<std::optional<V>> optional_of(const Codec<V>& inner, const std::string& off = "") {
  const std::string or_off = off.empty() ? "" : ", or `" + off + "`";
  return {
      inner.brief + or_off, inner.type + or_off,
      [inner, off](Reader& reader, const YamlNode& node, const std::string& path, std::optional<V>& into) {
        if (!off.empty() && node.kind == YamlNode::Kind::scalar && node.text == off) {
          into.reset();
          return;
        }
        const std::size_t before = reader.problems().size();
        V value{};
        inner.read(reader, node, path, value);
        if (reader.problems().size() == before) into = std::move(value);
      },
      [inner, off](const std::optional<V>& value) {
        if (value) return inner.show(*value);
        return off.empty() ? Value{} : Value::plain(off);
      }};
}

// A list of up to `most`. Each element begins as `first`.
template <class V>
Codec<std::vector<V>> list_of(const Codec<V>& inner, std::size_t most = 1000, const V& first = {}) {
  return {"list; each: " + inner.brief, "a list; each: " + inner.type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::vector<V>& into) {
            if (!detail::expect_list(reader, node, path, most)) return;
            into.clear();
            for (const YamlNode& item : node.items) {
              const std::string item_path = path + "[" + std::to_string(into.size()) + "]";
              reader.saw(item_path, item.line);
              inner.read(reader, item, item_path, into.emplace_back(first));
            }
          },
          [inner](const std::vector<V>& values) {
            Value list;
            if (values.empty()) return list;
            list.kind = Value::Kind::list;
            for (const V& value : values) list.items.push_back(inner.show(value));
            return list;
          }};
}

}  // namespace dujiang::config
