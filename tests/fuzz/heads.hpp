// What the fuzzers of both heads have in common.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "fuzz/pieces.hpp"
#include "http/head_parser.hpp"

namespace dujiang::fuzz {

// So tight that short input reaches them.
inline constexpr http::HeadLimits kTightLimits{.head_bytes = 96, .target_bytes = 24, .fields = 3};

// Parses as the bytes come, each time from a buffer that has moved; gives the last one, into which views
// point.
inline Exact parse_grown(http::HeadParser& parser, const Pieces& pieces) {
  std::string seen;
  Exact buffer({});
  for (const std::string_view piece : pieces) {
    seen += piece;
    buffer = Exact(seen);
    if (parser.parse(buffer.view()) != http::HeadState::more) break;
  }
  return buffer;
}

inline std::string describe_unfinished(const http::HeadParser& parser) {
  if (parser.state() == http::HeadState::more) return "more";
  return std::to_string(parser.error().status) + " " + std::string(parser.error().message);
}

inline std::string fields_text(const http::HeadParser& parser) {
  std::string text;
  for (std::size_t i = 0; i < parser.field_count(); ++i) {
    const http::FieldView field = parser.field(i);
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text;
}

// Without the size of the head, which may be written in more ways than one.
inline std::string describe_common(const http::HeadParser& parser) {
  return " HTTP/1." + std::to_string(parser.minor_version()) + (parser.keep_alive() ? " keep" : " close") +
         " body " + std::to_string(static_cast<int>(parser.body().kind)) + " of " +
         std::to_string(parser.body().length) + "\n" + fields_text(parser);
}

inline std::vector<std::string> named_by_connection(const http::Headers& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    if (!base::iequals(name, "connection")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (const auto option = base::trim(rest.substr(0, comma)); !option.empty()) names.emplace_back(option);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return names;
}

// Checked with nothing but the bytes: what an accepted head must never have, however the parser came to it.
inline void check_done(const http::HeadParser& parser, std::string_view bytes) {
  const std::string_view head = bytes.substr(0, parser.head_size());
  require(parser.head_size() <= bytes.size() && head.ends_with("\r\n\r\n"),
          "a head that does not end as one");
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    require(c != '\n' || (i > 0 && head[i - 1] == '\r'), "a bare line feed is accepted");
    require(c != '\r' || (i + 1 < head.size() && head[i + 1] == '\n'), "a bare carriage return is accepted");
    require(c >= 0x20 || c == '\t' || c == '\r' || c == '\n', "a control character is accepted");
    require(c != 0x7f, "a delete character is accepted");
    require(c != '\n' || i + 1 == head.size() || (head[i + 1] != ' ' && head[i + 1] != '\t'),
            "a folded line is accepted");
  }
  const http::Headers headers = parser.headers();
  require(headers.count("content-length") + headers.count("transfer-encoding") <= 1, "a body with two ends");
  if (const auto length = headers.get("content-length")) {
    require(!length->empty() && length->find_first_not_of("0123456789") == std::string_view::npos,
            "an odd length");
  }
  if (const auto coding = headers.get("transfer-encoding"))
    require(base::iequals(*coding, "chunked"), "an odd coding");
}

}  // namespace dujiang::fuzz
