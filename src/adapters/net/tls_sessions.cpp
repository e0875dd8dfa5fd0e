#include "adapters/net/tls_sessions.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <utility>

namespace dujiang::adapters::net {
namespace {

// As many as connections that may be opened in one burst and still resume.
constexpr std::size_t kPerPeer = 8;

}  // namespace

void TlsSessionDeleter::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

void TlsSessions::put(const std::string& peer, TlsSession session) {
  std::deque<TlsSession>& kept = by_peer_[peer];
  kept.push_back(std::move(session));
  if (kept.size() > kPerPeer) kept.pop_front();
}

TlsSession TlsSessions::take(const std::string& peer) {
  const auto it = by_peer_.find(peer);
  if (it == by_peer_.end()) return nullptr;
  std::deque<TlsSession>& kept = it->second;
  while (!kept.empty()) {
    if (SSL_SESSION_is_resumable(kept.back().get()) == 0) {
      kept.pop_back();
      continue;
    }
    if (SSL_SESSION_get_protocol_version(kept.back().get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(kept.back().get());
      return TlsSession(kept.back().get());
    }
    TlsSession session = std::move(kept.back());
    kept.pop_back();
    return session;
  }
  return nullptr;
}

}  // namespace dujiang::adapters::net
