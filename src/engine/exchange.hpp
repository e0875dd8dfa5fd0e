// One call of a caller, from its parsed head to its last byte: the way of a request in one coroutine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire_format.hpp"
#include "engine/answer.hpp"
#include "engine/attempt.hpp"
#include "engine/caller.hpp"
#include "engine/intake.hpp"
#include "engine/ledger.hpp"
#include "engine/outcome.hpp"
#include "engine/plan.hpp"
#include "engine/services.hpp"
#include "engine/sink.hpp"
#include "policy/course.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

class Exchange {
 public:
  // `route`: for operations whose body names no model; null where the body does.
  Exchange(Services& services, std::shared_ptr<const Plan> plan, const ports::CallerRequest& request,
           ports::CallerReply& reply, const api::WireFormat& format, api::Matched asked,
           const route::RouteSpec* route, std::string request_id);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // Ends with the reply finished or aborted.
  runtime::Task<void> run();

 private:
  std::optional<api::ApiError> open();
  policy::Step next_step();
  runtime::Task<std::optional<Permit>> admit(policy::Try step);
  runtime::Task<bool> send(policy::Try step, Permit permit);
  runtime::Task<void> deliver();
  runtime::Task<void> give_up(policy::GiveUp end);

  std::unique_ptr<Attempt> make_attempt(const policy::Try& step, const Permit& permit);
  policy::AttemptClocks clocks_for(const policy::Try& step, bool streamed);
  void learn(const provider::Classification& result, Permit& permit);
  void fail(policy::AttemptOutcome outcome, Failure failure);

  // The target that an index of the course means, and what is there.
  const route::Target& target(std::uint32_t index) const { return intake_.route->targets[index]; }
  Upstream& upstream(std::uint32_t index) const {
    return *plan_->upstreams.find(target(index).upstream)->second;
  }
  std::string served_by(std::uint32_t index) const;
  std::uint64_t fingerprint() const;

  Services& services_;
  std::shared_ptr<const Plan> plan_;
  const ports::CallerRequest& request_;
  const api::WireFormat& format_;
  Intake intake_;
  Ledger ledger_;
  std::string request_id_;
  RetryMemory::Lease memory_;

  // The caller's side; in place once the intake is read.
  ports::CallerReply& reply_;
  std::optional<Answer> answer_;
  std::optional<Caller> caller_;
  std::optional<Relay> relay_;  // one of the two, by the form of the caller's answer
  std::optional<Collector> collector_;

  // The upstream's side.
  std::optional<policy::Course> course_;
  std::vector<Failure> failures_;
  std::uint32_t sent_ = 0;            // attempts
  std::unique_ptr<Attempt> attempt_;  // the last one
  std::uint32_t attempt_target_ = 0;
  bool attempt_is_blank_ = false;
  std::uint32_t blanks_ = 0;
};

}  // namespace dujiang::engine
