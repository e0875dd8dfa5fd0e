// One call of a caller, from what it asks for to its last byte: the way of a request in one coroutine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire_format.hpp"
#include "engine/admission.hpp"
#include "engine/answer.hpp"
#include "engine/attempt.hpp"
#include "engine/caller.hpp"
#include "engine/delivery.hpp"
#include "engine/intake.hpp"
#include "engine/ledger.hpp"
#include "engine/outcome.hpp"
#include "engine/plan.hpp"
#include "engine/services.hpp"
#include "engine/turn.hpp"
#include "policy/course.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// What an exchange is about; the references live as long as it.
struct Errand {
  std::shared_ptr<const Plan> plan;
  const ports::CallerRequest& request;
  ports::CallerReply& reply;
  const api::WireFormat& format;
  std::string request_id;
};

// Reads what the errand asks for and sees to it. `asked.model` and `route` are given where no body names
// them. Ends with the reply finished or aborted, and one line in the log.
runtime::Task<void> serve(Services& services, const Errand& errand, api::Matched asked,
                          const route::RouteSpec* route = nullptr);

// The same as a part of something larger, which has a turn already and writes down what comes of it.
runtime::Task<void> serve_part(Services& services, const Errand& errand, api::Matched asked,
                               const route::RouteSpec* route, Turn turn, Ledger& ledger);

class Exchange {
 public:
  Exchange(Services& services, const Errand& errand, const Intake& intake, Ledger& ledger, Turn turn);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  runtime::Task<void> run();

 private:
  runtime::Task<std::optional<Permit>> admit(policy::Try step);
  runtime::Task<bool> send(policy::Try step, Permit permit);
  void make_attempt(const policy::Try& step, const Permit& permit);
  runtime::Task<bool> judge(policy::Try step, Permit& permit);
  runtime::Task<void> deliver();
  runtime::Task<void> give_up(policy::GiveUp end);

  std::uint32_t max_attempts();
  void forget_body();
  AttemptRequest attempt_request(std::uint32_t index, const Permit& permit, bool streamed) const;
  policy::AttemptClocks clocks_for(std::uint32_t index, bool streamed) const;
  runtime::Task<bool> can_move() const;
  void learn(const provider::Classification& result, Permit& permit) const;
  runtime::Task<bool> take_out(const provider::Classification& result, Permit& permit);
  void fail(policy::AttemptOutcome outcome, Failure failure);

  // What an index of the course means.
  const route::Target& target(std::uint32_t index) const { return intake_.route->targets[index]; }
  const std::shared_ptr<Upstream>& upstream(std::uint32_t index) const {
    return errand_.plan->upstreams.find(target(index).upstream)->second.state;
  }
  std::string_view model(std::uint32_t index) const { return model_at(target(index), intake_.call); }
  std::string served_by(std::uint32_t index) const {
    return target(index).upstream + "/" + std::string(model(index));
  }

  Services& services_;
  const Errand& errand_;
  const Intake& intake_;
  Ledger& ledger_;
  RetryMemory::Lease memory_;
  base::TimePoint not_before_;  // by the rate of the caller's key

  // The caller's side.
  Answer answer_;
  Caller caller_;
  std::unique_ptr<Delivery> delivery_;

  // The upstreams' side.
  policy::Course course_;
  std::vector<Failure> failures_;
  std::unique_ptr<Attempt> attempt_;  // the last one
  std::uint32_t attempt_target_ = 0;
  std::uint32_t attempts_ = 0;
};

}  // namespace dujiang::engine
