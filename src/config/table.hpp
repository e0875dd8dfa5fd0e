// A map of the configuration as a table: one row a key. The table reads the map, refuses keys that it does
// not know, prints it, and is the reference's text. A default is what a default-constructed struct holds.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/codec.hpp"
#include "config/nearest.hpp"
#include "config/reader.hpp"
#include "config/value.hpp"
#include "config/yaml_node.hpp"

namespace dujiang::config {

template <class T>
struct Field {
  std::string_view key;
  std::string brief;
  std::string type;
  std::string_view help;  // one sentence
  bool required = false;
  std::function<void(Reader&, const YamlNode&, const std::string& path, T&)> read;
  std::function<Value(const T&)> show;
};

template <class T>
struct Table {
  std::string_view title;  // "upstreams[]", as the reference calls it
  std::string_view intro;  // a sentence or two
  std::vector<Field<T>> fields;
};

// `get` is a pointer to the member, or a function that returns a reference to what is read and shown.
template <class T, class V, class Get>
Field<T> field(std::string_view key, Get get, const Codec<V>& codec, std::string_view help) {
  return {key,
          codec.brief,
          codec.type,
          help,
          false,
          [read = codec.read, get](Reader& reader, const YamlNode& node, const std::string& path, T& object) {
            read(reader, node, path, std::invoke(get, object));
          },
          [show = codec.show, get](const T& object) { return show(std::invoke(get, object)); }};
}

template <class T>
Field<T> required(Field<T> row) {
  row.required = true;
  return row;
}

template <class T>
void read_table(const Table<T>& table, Reader& reader, const YamlNode& node, const std::string& path,
                T& into) {
  if (node.kind != YamlNode::Kind::map && node.kind != YamlNode::Kind::null) {
    reader.problem(node.line, path, "must be a map: lines of `key: value`");
    return;
  }
  const auto path_of = [&](std::string_view key) {
    return (path.empty() ? "" : path + ".") + std::string(key);
  };
  std::vector<std::string_view> known;
  known.reserve(table.fields.size());
  for (const Field<T>& row : table.fields) known.push_back(row.key);
  for (const Entry& entry : node.entries) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    reader.problem(entry.line, path_of(entry.key), "is not a known key" + suggestion(entry.key, known));
  }
  // In the order of the table, so that a row may rely on those above it.
  for (const Field<T>& row : table.fields) {
    if (const Entry* entry = node.find(row.key)) {
      reader.saw(path_of(row.key), entry->line);
      row.read(reader, entry->value, path_of(row.key), into);
    } else if (row.required) {
      reader.problem(node.line, path_of(row.key), "is missing; it must be " + row.type);
    }
  }
}

template <class T>
Value show_table(const Table<T>& table, const T& object) {
  Value map;
  for (const Field<T>& row : table.fields) {
    Value value = row.show(object);
    if (value.kind == Value::Kind::absent) continue;
    map.kind = Value::Kind::map;
    map.entries.push_back({std::string(row.key), std::move(value)});
  }
  return map;
}

// Where a heading is found within a page of Markdown.
inline std::string anchor(std::string_view title) {
  std::string out;
  for (char c : title) {
    if (c == ' ') out += '-';
    if ((c >= 'a' && c <= 'z') || c == '_' || c == '-') out += c;
  }
  return out;
}

// A map inside a map. The table must live as long as the program.
template <class T>
Codec<T> object(const Table<T>& table) {
  return {"map, see [" + std::string(table.title) + "](#" + anchor(table.title) + ")",
          "a map: lines of `key: value`",
          [&table](Reader& reader, const YamlNode& node, const std::string& path, T& into) {
            read_table(table, reader, node, path, into);
          },
          [&table](const T& value) { return show_table(table, value); }};
}

}  // namespace dujiang::config
