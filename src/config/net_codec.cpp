#include "config/net_codec.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "adapters/http/client_proxy.hpp"
#include "adapters/http/client_url.hpp"
#include "base/ascii.hpp"
#include "http/authority.hpp"

namespace dujiang::config {
namespace {

// What is wrong with a text; nothing when it is right.
using Fault = std::optional<std::string>;

// A codec of text whose faults `check` tells. Its value is shown in messages unless `check` says what is
// wrong.
Codec<std::string> checked(const std::string& brief, const std::string& type,
                           Fault (*check)(std::string_view)) {
  return {brief, type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::string& into) {
            auto value = reader.scalar(node, path, type);
            if (!value) return;
            if (const Fault fault = check(*value)) {
              reader.problem(node.line, path, fmt::format("{}; it must be {}", *fault, type));
            } else {
              into = std::move(*value);
            }
          },
          [](const std::string& value) { return value.empty() ? Value{} : Value::string(value); }};
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Fault host_fault(std::string_view text) {
  if (text.empty()) return "has no host";
  const auto authority = http::parse_authority(text);
  if (!authority || !is_visible_ascii(text)) return "has a host that cannot be one";
  if (authority->port.empty())
    return text.ends_with(':') ? Fault("has a colon without a port") : std::nullopt;
  unsigned port = 0;
  const char* const begin = authority->port.data();
  const char* const end = begin + authority->port.size();
  const auto read = std::from_chars(begin, end, port);
  if (read.ec != std::errc() || read.ptr != end || port == 0 || port > 65535)
    return "has a port that is not 1 to 65535";
  return std::nullopt;
}

// The part after the scheme; nothing without one of ours.
std::optional<std::string_view> after_scheme(std::string_view url) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (base::istarts_with(url, scheme)) return url.substr(scheme.size());
  }
  return std::nullopt;
}

Fault url_fault(std::string_view url) {
  const auto rest = after_scheme(url);
  if (!rest) return "does not begin with https:// or http://";
  const auto authority = rest->substr(0, rest->find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    return "holds a user name or key, which belong into `api_key`";
  if (rest->find_first_of("?#") != std::string_view::npos) return "has a query or a fragment";
  if (!is_visible_ascii(*rest)) return "holds a character that must be percent-encoded";
  if (Fault fault = host_fault(authority)) return fault;
  if (!adapters::http::parse_base_url(url)) return "is no URL";
  return std::nullopt;
}

Fault origin_fault(std::string_view text) {
  const auto rest = after_scheme(text);
  if (!rest) return "does not begin with https:// or http://";
  if (rest->find_first_of("/?#@") != std::string_view::npos) return "has more than scheme, host and port";
  return host_fault(*rest);
}

Fault address_fault(std::string_view text) {
  const std::string zero_ended(text);
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  if (inet_pton(AF_INET, zero_ended.c_str(), parsed.data()) == 1) return std::nullopt;
  if (inet_pton(AF_INET6, zero_ended.c_str(), parsed.data()) == 1) return std::nullopt;
  return "is no numeric IP address";
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// Rule 11, and the fields that the HTTP client writes itself.
Fault header_fault(std::string_view text) {
  if (!is_token(text)) return "is no name of a header field";
  for (std::string_view never :
       {"authorization", "proxy-authorization", "proxy-authenticate", "api-key", "x-api-key", "cookie",
        "set-cookie", "openai-organization", "openai-project"}) {
    if (base::iequals(text, never)) return "is a credential, which is never forwarded";
  }
  for (std::string_view never :
       {"host", "connection", "content-length", "content-encoding", "transfer-encoding", "accept-encoding",
        "te", "trailer", "upgrade", "expect", "keep-alive"}) {
    if (base::iequals(text, never)) return "belongs to one connection, so it is never forwarded";
  }
  if (base::istarts_with(text, "x-dujiang-")) return "is the gateway's own, so it is never forwarded";
  return std::nullopt;
}

Fault pattern_fault(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > 256) return "is longer than 256 bytes";
  const auto star = text.find('*');
  if (star != std::string_view::npos && star + 1 != text.size()) return "has a `*` that is not at its end";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control character";
  }
  return std::nullopt;
}

}  // namespace

Codec<std::string> ip_address() {
  return checked("IP address", "an IP address like 127.0.0.1 or ::1", address_fault);
}

bool is_loopback_address(const std::string& address) {
  return http::is_loopback_host(address.find(':') == std::string::npos ? address : "[" + address + "]");
}

Codec<std::string> base_url() {
  return checked("URL", "a URL like https://api.deepseek.com or http://127.0.0.1:11434/v1", url_fault);
}

Codec<std::string> host() {
  return checked("host, or host:port", "a host like gateway.example or gateway.example:8080", host_fault);
}

Codec<std::string> origin() { return checked("origin", "an origin like https://app.example", origin_fault); }

Codec<std::string> forwardable_header() {
  return checked("header field", "a header field like x-trace-id", header_fault);
}

Codec<std::string> model_pattern() {
  return checked("model, `deepseek-*` or `*`", "a model's name, a beginning like `deepseek-*`, or `*`",
                 pattern_fault);
}

Codec<std::vector<std::string>> model_patterns() {
  const Codec<std::string> one = model_pattern();
  const Codec<std::vector<std::string>> many = list_of(one);
  return {one.brief + "; or a list of them", one.type + "; or a list of them",
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::vector<std::string>& into) {
            if (node.kind == YamlNode::Kind::list) {
              many.read(reader, node, path, into);
            } else {
              into.assign(1, "");
              one.read(reader, node, path, into.front());
            }
          },
          [=](const std::vector<std::string>& values) {
            return values.size() == 1 ? one.show(values.front()) : many.show(values);
          }};
}

Codec<route::ProxyChoice> proxy_choice() {
  using From = route::ProxyChoice::From;
  const std::string type = "`environment`, `none`, or a URL such as http://proxy.lan:3128";
  return {type, type,
          [type](Reader& reader, const YamlNode& node, const std::string& path, route::ProxyChoice& into) {
            const auto text = reader.scalar(node, path, type);
            if (!text) return;
            if (*text == "environment" || *text == "none") {
              into = {.from = *text == "none" ? From::nowhere : From::environment, .url = {}};
            } else if (const auto url = adapters::http::parse_proxy_url(*text); !url) {
              reader.problem(node.line, path, url.error().message + ", or write `environment` or `none`");
            } else {
              into = {.from = From::url, .url = route::Secret(*text)};
            }
          },
          [](const route::ProxyChoice& value) {
            if (value.from == From::url) {
              return Value::string(adapters::http::masked_proxy_url(value.url.reveal()));
            }
            return Value::plain(value.from == From::nowhere ? "none" : "environment");
          }};
}

}  // namespace dujiang::config
