#include "adapters/http/client_request_head.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "http/chars.hpp"
#include "http/name_set.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::http::all_chars;

// The client's own, and those that mean this connection and no further.
constexpr dujiang::http::NameSet kNotForwarded({"host", "content-length", "transfer-encoding", "connection",
                                                "keep-alive", "proxy-connection", "upgrade", "te", "trailer",
                                                "expect", "proxy-authorization"});

void put_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool has_length(const RequestHead& head) {
  return head.body_size > 0 || head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
}

}  // namespace

base::Result<std::string> write_request_head(const RequestHead& head) {
  if (head.method.empty() || !all_chars(head.method, dujiang::http::token_char)) {
    return base::fail("the request's method is not one");
  }
  if (!head.target.starts_with('/') || !all_chars(head.target, dujiang::http::target_char)) {
    return base::fail("the request's target has bytes that a URL cannot have; percent-encode them");
  }
  std::string out;
  out.reserve(512);
  out.append(head.method).append(" ");
  if (head.through_proxy) out.append("http://").append(head.authority);
  out.append(head.target).append(" HTTP/1.1\r\n");
  put_field(out, "Host", head.authority);
  if (head.through_proxy && !head.through_proxy->empty()) {
    put_field(out, "Proxy-Authorization", *head.through_proxy);
  }
  for (const auto& [name, value] : head.headers) {
    if (kNotForwarded.contains(name)) continue;
    if (name.empty() || !all_chars(name, dujiang::http::token_char) ||
        !all_chars(value, dujiang::http::value_char)) {
      return base::fail("the request's header '" + std::string(name) +
                        "' has bytes that a header cannot have");
    }
    put_field(out, name, value);
  }
  if (head.headers.count("accept-encoding") == 0) put_field(out, "Accept-Encoding", "identity");
  if (has_length(head)) put_field(out, "Content-Length", std::to_string(head.body_size));
  out += "\r\n";
  return out;
}

}  // namespace dujiang::adapters::http
