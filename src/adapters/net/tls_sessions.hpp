// TLS sessions that a peer offered, kept so that the next connection to it starts with a short handshake.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

struct ssl_session_st;

namespace dujiang::adapters::net {

struct TlsSessionDeleter {
  void operator()(ssl_session_st* session) const;
};
using TlsSession = std::unique_ptr<ssl_session_st, TlsSessionDeleter>;

class TlsSessions {
 public:
  // `peer`: "api.example:443". The newest few per peer are kept.
  void put(const std::string& peer, TlsSession session);

  // The newest usable one, or null. A TLS 1.3 ticket is given out once (RFC 8446 appendix C.4); an older
  // session stays for the next caller too.
  TlsSession take(const std::string& peer);

 private:
  std::unordered_map<std::string, std::deque<TlsSession>> by_peer_;
};

}  // namespace dujiang::adapters::net
