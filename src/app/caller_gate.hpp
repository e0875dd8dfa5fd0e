// Who may come in: finds whose key a request presents, as soon as its head is there.
//
// Without a ring of keys everyone may. With one, health stays open, since load balancers have no keys; the
// metrics are open to this machine, and to keys that may read them; everything else needs a key. What came
// through a proxy of this machine did not come from this machine.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "adapters/keys/key_ring.hpp"
#include "ports/http_server.hpp"
#include "ports/metrics.hpp"

namespace dujiang::app {

class CallerGate {
 public:
  using Keys = std::shared_ptr<const adapters::keys::KeyRing>;

  // `metrics` outlive the gate. No keys: everyone may come in.
  CallerGate(ports::Metrics& metrics, Keys keys) : metrics_(metrics), keys_(std::move(keys)) {}

  // From now on these.
  void set_keys(Keys keys) { keys_ = std::move(keys); }
  const Keys& keys() const { return keys_; }

  // A FrontHooks::clear.
  ports::Clearance clear(const ports::CallerHead& head) const;

 private:
  ports::Clearance refuse(std::string_view reason, ports::HeadRefusal refusal) const;

  ports::Metrics& metrics_;
  Keys keys_;
};

}  // namespace dujiang::app
