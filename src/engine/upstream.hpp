// The runtime state of one upstream: its accounts, its budget, and the queue in which calls to it wait.
//
// Keyed by the upstream's name, it outlives a change of configuration: plans share it, and adopt() brings in
// what the newest says.
//
// It lives on its home loop and is exact, however many loops call it. What takes `here`, the loop of whoever
// asks, may be called from any loop: the work is done at home and the answer comes back; at home itself
// nothing is posted and nothing waits. Everything else is for the home loop. The last to let go of it may be
// any thread: nothing waits in it by then.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/error.hpp"
#include "policy/accounts.hpp"
#include "policy/admission_queue.hpp"
#include "policy/retry_budget.hpp"
#include "ports/metrics.hpp"
#include "provider/dialect.hpp"
#include "route/spec.hpp"
#include "runtime/loop.hpp"
#include "runtime/task.hpp"

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

// A slot of an account on its way from the queue to whoever waits for it, and back.
struct Grant {
  std::shared_ptr<Upstream> upstream;
  Setup setup;
  policy::Accounts::Permit right;
};

// What became of an entry in the queue.
struct Admitted {
  enum class State : std::uint8_t {
    waiting,
    admitted,
    refused,  // at once: see `refusal`
    expired,  // its deadline came
    closed,   // every account is out for longer than it could wait: see `cause`
  };
  State state = State::waiting;
  policy::QueueRefusal refusal{};
  std::optional<api::ApiError> cause{};  // what an account was last taken out for
  std::optional<Grant> grant{};
};

class Upstream : public std::enable_shared_from_this<Upstream>, private runtime::Timer {
 public:
  Upstream(runtime::Loop& home, ports::Metrics& metrics, Setup setup);

  const std::string& name() const { return name_; }
  runtime::Loop& home() const { return home_; }

  // Goes on under another configuration of the same name. Who waits goes on waiting, and is admitted by the
  // new limits and with the new keys; attempts under way are left as they are.
  void adopt(runtime::Loop& here, Setup setup);

  // The budget of repeats that may be paid twice: see policy::RetryBudget.
  void deposit(runtime::Loop& here);
  runtime::Task<std::optional<base::TimePoint>> withdraw_by(runtime::Loop& here, base::TimePoint latest);
  runtime::Task<bool> has_repeat(runtime::Loop& here);

  // Enters the queue. `tell` hears once what became of it, within the call or later, unless it leaves before.
  using Tell = std::move_only_function<void(Admitted)>;
  std::uint64_t enter(policy::QueueEntry entry, Tell tell);
  // Nothing happens where it has been told already.
  void leave(std::uint64_t id);

  // The call of a grant has ended; what it has taught before that.
  void release(const policy::Accounts::Permit& right);
  void accepted(policy::Accounts::Permit right) { accounts_.accepted(right); }
  void pause(const policy::Accounts::Permit& right, base::TimePoint until) {
    accounts_.pause(right, until, home_.now());
  }
  // Whether some account is still in: not refused for its key or its balance.
  bool take_out(policy::Accounts::Permit right, policy::Accounts::Refused what, api::ApiError why);

  // Sets the gauges that change as time passes.
  void measure();

 private:
  struct Waiter {
    Tell tell;
    std::string pool;
    base::TimePoint offered;
    base::TimePoint deadline;
  };

  // Admits, expires and closes whatever the present allows, and sleeps until the next change.
  void pump();
  void fire() override { pump(); }
  void settle(std::uint64_t id, Admitted outcome);
  Waiter forget(std::uint64_t id);
  void close_pools_without_accounts(base::TimePoint now);
  const route::UpstreamSpec& spec() const { return *setup_.spec; }

  const std::string name_;
  runtime::Loop& home_;
  ports::Metrics& metrics_;
  Setup setup_;
  policy::Accounts accounts_;
  policy::AdmissionQueue queue_;
  policy::RetryBudget budget_;
  std::optional<api::ApiError> last_taken_out_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Waiter> waiting_;
  std::map<std::string, std::size_t, std::less<>> waiting_by_pool_;
};

}  // namespace dujiang::engine
