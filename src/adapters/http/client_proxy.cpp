#include "adapters/http/client_proxy.hpp"

#include <openssl/evp.h>

#include <array>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <span>

#include "base/ascii.hpp"
#include "base/number.hpp"

namespace dujiang::adapters::http {
namespace {

constexpr std::uint16_t kUsualPort = 3128;

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// The bytes of a numeric address; empty for a name.
std::string address_bytes(std::string_view host) {
  const auto text = boost::core::string_view(host.data(), host.size());
  if (const auto four = boost::urls::parse_ipv4_address(text)) {
    const auto bytes = four->to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  if (const auto sixteen = boost::urls::parse_ipv6_address(text)) {
    const auto bytes = sixteen->to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  return {};
}

bool same_prefix(std::string_view a, std::string_view b, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (a.size() != b.size() || bits > a.size() * 8 || a.substr(0, whole) != b.substr(0, whole)) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xFFU << (8 - bits % 8);
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) == 0;
}

bool is_loopback(std::string_view host) {
  if (base::iequals(host, "localhost") || base::iends_with(host, ".localhost")) return true;
  const std::string bytes = address_bytes(host);
  if (bytes.size() == 4) return bytes.front() == 127;
  return bytes == std::string(15, '\0') + '\x01';
}

// Whether one entry of NO_PROXY, without its port, has the host.
bool names_host(std::string_view entry, std::string_view host) {
  if (entry == "*") return true;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  const std::string address = address_bytes(host);
  if (const auto slash = entry.find('/'); slash != std::string_view::npos) {
    const auto bits = base::parse_number<std::size_t>(entry.substr(slash + 1));
    return bits && !address.empty() && same_prefix(address_bytes(entry.substr(0, slash)), address, *bits);
  }
  if (!address.empty()) return address == address_bytes(entry);
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !base::iends_with(host, entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

// Cuts ":8080" off an entry. An IPv6 address has a port only behind brackets.
std::optional<std::uint16_t> take_port(std::string_view& entry) {
  const auto colon = entry.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const bool is_address = entry.find(':') != colon && !entry.substr(0, colon).ends_with(']');
  const auto port = base::parse_number<std::uint16_t>(entry.substr(colon + 1));
  if (is_address || !port) return std::nullopt;
  entry = entry.substr(0, colon);
  return port;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = base::to_lower(c);
  return result;
}

using Says = EnvironmentProxy::Says;

std::optional<EnvironmentProxy> named_by(const std::string& name, const Variable& variable) {
  for (const std::string& spelling : {lower(name), name}) {
    if (auto value = variable(spelling); value && !value->empty()) {
      return EnvironmentProxy{.says = Says::named, .variable = spelling, .url = std::move(*value)};
    }
  }
  return std::nullopt;
}

}  // namespace

base::Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  const auto refuse = [](std::string_view reason) {
    return base::fail(
        std::string(reason) +
        "; a proxy's URL looks like http://proxy.lan:3128 or http://user:password@proxy.lan:3128");
  };
  const std::string whole =
      text.find("://") == std::string_view::npos ? "http://" + std::string(text) : std::string(text);
  const auto parsed = boost::urls::parse_uri(whole);
  if (!parsed) return refuse("is not a URL");
  if (parsed->scheme_id() != boost::urls::scheme::http) {
    return refuse("is not an HTTP proxy: SOCKS, and TLS to the proxy itself, are not spoken here");
  }
  if (parsed->encoded_host().empty()) return refuse("names no host");
  const std::string_view path = parsed->encoded_path();
  if ((!path.empty() && path != "/") || parsed->has_query() || parsed->has_fragment()) {
    return refuse("has a path or a query");
  }
  if (parsed->has_port() && parsed->port_number() == 0) return refuse("has no usable port");
  ProxyUrl url{.host = parsed->host_address()};
  url.port = parsed->has_port() ? parsed->port_number() : kUsualPort;
  url.name = endpoint_name({.host = url.host, .port = url.port});
  if (parsed->has_userinfo()) {
    url.authorization = "Basic " + base64(parsed->user() + ":" + parsed->password());
  }
  return url;
}

std::string masked_proxy_url(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const auto scheme = url.find("://");
  const std::size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  return std::string(url.substr(0, from)) + "****:****" + std::string(url.substr(at));
}

EnvironmentProxy proxy_from_environment(const BaseUrl& endpoint, const Variable& variable) {
  if (is_loopback(endpoint.host)) return {.says = Says::this_machine};
  const bool is_secure = endpoint.scheme == BaseUrl::Scheme::https;
  auto proxy = named_by(is_secure ? "HTTPS_PROXY" : "HTTP_PROXY", variable);
  if (!proxy) proxy = named_by("ALL_PROXY", variable);
  if (!proxy) return {};
  const auto exempt = named_by("NO_PROXY", variable);
  if (!exempt || !is_exempt(exempt->url, endpoint.host, endpoint.port)) return std::move(*proxy);
  return {.says = Says::exempt, .variable = exempt->variable};
}

bool is_exempt(std::string_view exempt, std::string_view host, std::uint16_t port) {
  while (!exempt.empty()) {
    const auto end = exempt.find_first_of(", ");
    std::string_view entry = base::trim(exempt.substr(0, end));
    exempt.remove_prefix(end == std::string_view::npos ? exempt.size() : end + 1);
    if (entry.empty()) continue;
    const auto only = take_port(entry);
    if ((!only || *only == port) && names_host(entry, host)) return true;
  }
  return false;
}

}  // namespace dujiang::adapters::http
