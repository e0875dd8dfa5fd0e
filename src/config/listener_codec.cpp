// Settings of listeners that are no plain text.
#include <fmt/format.h>

#include <charconv>

#include "config/net_codec.hpp"

namespace dujiang::config {

Codec<std::string> any_or(const Codec<std::string>& one) {
  return {one.brief + ", or `*` for all", one.type + ", or `*` for all",
          [one](Reader& reader, const YamlNode& node, const std::string& path, std::string& into) {
            if (node.kind == YamlNode::Kind::scalar && node.text == "*") {
              into = "*";
            } else {
              one.read(reader, node, path, into);
            }
          },
          one.show};
}

Codec<std::uint32_t> file_mode() {
  const std::string type = "rights like 0660, from 0000 to 0777";
  return {
      "file mode", type,
      [type](Reader& reader, const YamlNode& node, const std::string& path, std::uint32_t& into) {
        const auto text = reader.scalar(node, path, type);
        if (!text) return;
        std::uint32_t mode = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
        if (error == std::errc() && end == text->data() + text->size() && mode <= 0777 && text->size() >= 3) {
          into = mode;
        } else {
          reader.problem(node.line, path, fmt::format("is {}, but must be {}", Reader::shown(node), type));
        }
      },
      [](const std::uint32_t& mode) { return Value::plain(fmt::format("\"{:04o}\"", mode)); }};
}

Codec<adapters::net::TrustedPeers> trusted_peers() {
  using adapters::net::AddressRange;
  using adapters::net::TrustedPeers;
  const std::string type = "an address, a block of them like 10.0.0.0/8, or `unix`";
  return {"list; each: IP address, block like 10.0.0.0/8, or `unix`", "a list; each: " + type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, TrustedPeers& into) {
            if (!detail::expect_list(reader, node, path, 1000)) return;
            into = {};
            for (std::size_t i = 0; i < node.items.size(); ++i) {
              const std::string item_path = fmt::format("{}[{}]", path, i);
              const auto text = reader.scalar(node.items[i], item_path, type);
              if (!text) continue;
              if (*text == "unix") {
                into.unix_sockets = true;
              } else if (const auto range = AddressRange::parse(*text)) {
                into.ranges.push_back(*range);
              } else {
                reader.problem(node.items[i].line, item_path,
                               fmt::format("{}; it must be {}", range.error().message, type));
              }
            }
          },
          [](const TrustedPeers& peers) {
            Value list;
            if (peers.empty()) return list;
            list.kind = Value::Kind::list;
            for (const AddressRange& range : peers.ranges)
              list.items.push_back(Value::string(range.to_string()));
            if (peers.unix_sockets) list.items.push_back(Value::string("unix"));
            return list;
          }};
}

}  // namespace dujiang::config
