// The runtime state of one upstream: its accounts, its budget, and the queue in which calls to it wait.
//
// Keyed by the upstream's name, it outlives a change of configuration: plans share it, and adopt() brings in
// what the newest says. Lives on its home loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/error.hpp"
#include "policy/accounts.hpp"
#include "policy/admission_queue.hpp"
#include "policy/retry_budget.hpp"
#include "ports/metrics.hpp"
#include "provider/dialect.hpp"
#include "route/spec.hpp"
#include "runtime/loop.hpp"

namespace dujiang::engine {

class Upstream;

// What a configuration says of one upstream. An attempt is made as its permit's setup says, whatever is
// loaded meanwhile: its key goes to no endpoint but those that it was meant for.
struct Setup {
  std::shared_ptr<const route::UpstreamSpec> spec;
  const provider::Dialect* dialect;

  // REQUIRES: of->dialect is a known one.
  explicit Setup(std::shared_ptr<const route::UpstreamSpec> of)
      : spec(std::move(of)), dialect(provider::find_dialect(spec->dialect)) {}

  // Whether unstreamed calls that the dialect can stream run as streams.
  bool streams_unstreamed() const;
};

// The right to one attempt: a slot of an account and the key to use. Gives the slot back when it dies.
class Permit {
 public:
  Permit(std::shared_ptr<Upstream> upstream, policy::Accounts::Permit grant);
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&&) = delete;
  ~Permit();

  const Setup& setup() const { return setup_; }

  // The key to send; empty where the caller's own is passed through, or none is sent.
  std::string_view key() const { return grant_.secret(); }
  std::string_view account() const { return grant_.account_name(); }

  // What the attempt has taught about the account.
  void accepted();
  // Whether it is out of use now: not so if it is the caller's own key.
  bool take_out(policy::Accounts::Refused what, api::ApiError why);
  void pause_until(base::TimePoint until);

 private:
  std::shared_ptr<Upstream> upstream_;
  Setup setup_;
  policy::Accounts::Permit grant_;
};

// One entry in an upstream's queue, from the offer to a permit or a refusal. Leaves the queue when it dies.
class Admission {
 public:
  enum class State : std::uint8_t {
    waiting,
    admitted,
    refused,  // at once: see refusal()
    expired,  // its deadline came
    closed,   // every account is out for longer than it could wait
  };

  Admission(std::shared_ptr<Upstream> upstream, policy::QueueEntry entry);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  State state() const { return state_; }
  const policy::QueueRefusal& refusal() const { return refusal_; }

  // Signalled when the state changes.
  runtime::Signal& changed() { return changed_; }

  // REQUIRES: admitted, once.
  Permit take();

 private:
  friend class Upstream;
  std::shared_ptr<Upstream> upstream_;
  std::uint64_t id_;
  State state_ = State::waiting;
  policy::QueueRefusal refusal_{};
  std::optional<Permit> permit_;
  runtime::Signal changed_;
};

class Upstream : public std::enable_shared_from_this<Upstream>, private runtime::Timer {
 public:
  Upstream(runtime::Loop& loop, ports::Metrics& metrics, Setup setup);

  // Goes on under another configuration of the same name. Who waits goes on waiting, and is admitted by the
  // new limits and with the new keys; attempts under way are left as they are.
  void adopt(Setup setup);

  // Of the newest configuration; an attempt's own is its permit's.
  const route::UpstreamSpec& spec() const { return *setup_.spec; }
  const provider::Dialect& dialect() const { return *setup_.dialect; }
  policy::RetryBudget& budget() { return budget_; }

  // What an account was last taken out for: the cause to tell where no account is left.
  const std::optional<api::ApiError>& last_taken_out() const { return last_taken_out_; }

  // Whether some account is in: not refused for its key or its balance.
  bool account_in() const { return accounts_.back_at(loop_.now()) <= loop_.now(); }

  // Sets the gauges that change as time passes.
  void measure();

 private:
  friend class Admission;
  friend class Permit;

  void enter(Admission& admission, policy::QueueEntry entry);
  void leave(std::uint64_t id);
  void release(const policy::Accounts::Permit& grant);
  // Admits, expires and closes whatever the present allows, and sleeps until the next change.
  void pump();
  void fire() override { pump(); }
  void settle(std::uint64_t id, Admission::State state);
  void forget(std::uint64_t id);
  void close_pools_without_accounts(base::TimePoint now);

  runtime::Loop& loop_;
  ports::Metrics& metrics_;
  Setup setup_;
  policy::Accounts accounts_;
  policy::AdmissionQueue queue_;
  policy::RetryBudget budget_;
  std::optional<api::ApiError> last_taken_out_;
  std::uint64_t next_id_ = 1;
  struct Waiter {
    Admission* admission;
    std::string pool;
    base::TimePoint offered;
    base::TimePoint deadline;
  };
  std::unordered_map<std::uint64_t, Waiter> waiting_;
  std::map<std::string, std::size_t, std::less<>> waiting_by_pool_;
};

}  // namespace dujiang::engine
