#include "sim/http_text.hpp"

#include <charconv>

namespace dujiang::sim {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Time-out";
    default:
      return "Status";
  }
}

std::string trace_id(std::string uuid) {
  std::erase(uuid, '-');
  return uuid;
}

std::string to_text(const ResponseHead& head) {
  std::string out =
      "HTTP/1.1 " + std::to_string(head.status) + ' ' + std::string(reason_phrase(head.status)) + "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Server", "openresty");
  if (!head.content_type.empty()) add("Content-Type", head.content_type);
  if (head.length) {
    add("Content-Length", std::to_string(*head.length));
  } else if (!head.until_close) {
    add("Transfer-Encoding", "chunked");
  }
  add("Connection", head.keep_alive && !head.until_close ? "keep-alive" : "close");
  add("vary", "origin, access-control-request-method, access-control-request-headers");
  if (!head.trace_id.empty()) add("x-ds-trace-id", head.trace_id);
  add("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload");
  add("X-Content-Type-Options", "nosniff");
  if (head.content_type == "text/event-stream") add("Cache-Control", "no-cache");
  return out + head.extra + "\r\n";
}

std::string chunk(std::string_view bytes) {
  if (bytes.empty()) return {};
  char size[16];
  const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
  std::string out(size, end);
  return out.append("\r\n").append(bytes).append("\r\n");
}

}  // namespace dujiang::sim
