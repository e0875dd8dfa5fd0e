// Waiting for an upstream, from whatever loop: an entry in its queue, and the permit that comes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "api/error.hpp"
#include "engine/upstream.hpp"
#include "policy/accounts.hpp"
#include "policy/admission_queue.hpp"
#include "runtime/loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// The right to one attempt: a slot of an account and the key to use. Gives the slot back when it dies.
class Permit {
 public:
  Permit(runtime::Loop& here, Grant grant) : here_(here), grant_(std::move(grant)) {}
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&&) = delete;
  ~Permit();

  const Setup& setup() const { return grant_.setup; }

  // The key to send; empty where the caller's own is passed through, or none is sent.
  std::string_view key() const { return grant_.right.secret(); }
  std::string_view account() const { return grant_.right.account_name(); }

  // What the attempt has taught about the account.
  void accepted();
  void pause_until(base::TimePoint until);

  struct TakenOut {
    bool out = false;         // out of use now: not so if it is the caller's own key
    bool another_in = false;  // and another account, or key, is in
  };
  runtime::Task<TakenOut> take_out(policy::Accounts::Refused what, api::ApiError why);

 private:
  runtime::Loop& here_;
  Grant grant_;  // without an upstream once moved from
};

// One entry in an upstream's queue, from the offer to a permit or a refusal. Leaves the queue when it dies; a
// permit that is on its way from another loop by then goes back unused.
class Admission {
 public:
  using State = Admitted::State;

  // REQUIRES: `here` is the loop of this call, and outlives every message that comes of it.
  Admission(runtime::Loop& here, std::shared_ptr<Upstream> upstream, policy::QueueEntry entry);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  State state() const { return outcome_.state; }
  const policy::QueueRefusal& refusal() const { return outcome_.refusal; }
  // Closed: what an account was last taken out for.
  const std::optional<api::ApiError>& cause() const { return outcome_.cause; }
  const Upstream& upstream() const { return *upstream_; }

  // Signalled when the state changes.
  runtime::Signal& changed() { return changed_; }

  // REQUIRES: admitted, once.
  Permit take();

 private:
  // Where an answer from another loop finds the admission.
  struct Place {
    Admission* admission;  // null once it is gone; for the asking loop only
    std::uint64_t id = 0;  // for the home loop only
  };
  void enter_from_afar(policy::QueueEntry entry);
  void settle(Admitted outcome);

  runtime::Loop& here_;
  std::shared_ptr<Upstream> upstream_;
  std::uint64_t id_ = 0;          // at home
  std::shared_ptr<Place> place_;  // elsewhere
  Admitted outcome_;
  runtime::Signal changed_;
};

}  // namespace dujiang::engine
