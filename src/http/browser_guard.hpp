// Keeps web pages from spending the operator's key: a page can make a browser send requests to this machine,
// but it cannot choose their content type, origin or (after DNS rebinding) host freely.
//
// A browser sends `application/json` across origins only after a preflight request, which is answered for the
// pages of CorsSettings alone; it names the page's origin on every POST; and a page whose host name was
// re-bound to 127.0.0.1 still sends that name as Host. So each of the three checks closes one way in, and
// programs that are no browsers pass all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/headers.hpp"

namespace dujiang::http {

struct BrowserGuardSettings {
  // Names under which a loopback bind may be called, besides localhost, *.localhost, 127.0.0.0/8 and [::1]:
  // "gateway.lan" for any port, "gateway.lan:8080" for one, "*" for all.
  std::vector<std::string> allowed_hosts;
  // Pages that may call, besides those of the same origin: "https://chat.example.com", "*" for all.
  std::vector<std::string> allowed_origins;
};

struct GuardedRequest {
  std::string_view method;
  std::string_view host;  // as asked for, with port; empty where HTTP/1.0 named none
  const Headers& headers;
  bool has_body = false;
  bool on_loopback = false;      // the request came in on a loopback address
  bool origin_may_call = false;  // it is one of CorsSettings
};

struct GuardRefusal {
  int status = 0;         // 403 or 415
  std::string_view code;  // static
  std::string message;    // what was wrong, and which setting or header would be right
};

// Nothing when the request may pass.
std::optional<GuardRefusal> check_browser(const GuardedRequest& request,
                                          const BrowserGuardSettings& settings);

}  // namespace dujiang::http
