#include "adapters/http/client_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace dujiang::adapters::http {
namespace {

std::string port_text(const BaseUrl& url) { return ":" + std::to_string(url.port); }

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// What is refused is shown to people: without the user name and password before an '@', wherever that is, and
// without a query, in which keys are sent, too.
std::string shown(std::string_view text) {
  if (const std::size_t query = text.find('?'); query != std::string_view::npos)
    return shown(text.substr(0, query)) + "?****";
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t scheme = text.find("://");
  const std::string start(scheme < at ? text.substr(0, scheme + 3) : std::string_view());
  return start + "****" + std::string(text.substr(at));
}

}  // namespace

base::Result<BaseUrl> parse_base_url(std::string_view text) {
  const auto refuse = [&](std::string_view reason) {
    return base::fail("'" + shown(text) + "' " + std::string(reason) +
                      "; a base URL looks like https://api.deepseek.com or http://127.0.0.1:8000/v1");
  };
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return refuse("is not a URL");
  const boost::urls::url_view& view = *parsed;
  BaseUrl url;
  if (view.scheme_id() == boost::urls::scheme::https) {
    url.scheme = BaseUrl::Scheme::https;
  } else if (view.scheme_id() != boost::urls::scheme::http) {
    return refuse("begins with neither http:// nor https://");
  }
  const std::string_view host = view.encoded_host();
  if (host.empty()) return refuse("names no host");
  if (host.find('%') != std::string_view::npos) return refuse("has a host with percent signs");
  if (view.has_userinfo()) return refuse("has a user name or password, which belongs in the account's keys");
  if (view.has_query() || view.has_fragment()) return refuse("has a query or a fragment");
  const unsigned default_port = url.scheme == BaseUrl::Scheme::https ? 443 : 80;
  if (view.has_port() && !view.port().empty() && view.port_number() == 0) return refuse("has no usable port");
  url.port = view.port_number() == 0 ? static_cast<std::uint16_t>(default_port) : view.port_number();
  url.host = view.host_address();
  url.authority = bracketed(url.host);
  if (url.port != default_port) url.authority += port_text(url);
  url.path = std::string(view.encoded_path());
  while (url.path.ends_with('/')) url.path.pop_back();
  return url;
}

std::string endpoint_name(const BaseUrl& url) { return bracketed(url.host) + port_text(url); }

std::string join_target(std::string_view path, std::string_view target) {
  std::string result(path);
  while (result.ends_with('/')) result.pop_back();
  while (target.starts_with('/')) target.remove_prefix(1);
  result += '/';
  result += target;
  return result;
}

}  // namespace dujiang::adapters::http
