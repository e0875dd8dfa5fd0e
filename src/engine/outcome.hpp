// What became of the tries of one request, in the words that policies and callers understand.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.hpp"
#include "engine/admission.hpp"
#include "policy/course.hpp"
#include "provider/classify.hpp"
#include "route/spec.hpp"

namespace dujiang::engine {

// One failed try; they stand in the order in which the course observed them.
struct Failure {
  std::string served_by;  // "upstream/model"
  provider::Code code{};
  api::ApiError error;
};

// How the course sees the end of an attempt. After the commit nothing may be sent again, whatever the cause.
policy::Finding finding_of(const provider::Classification& result, bool committed,
                           const route::RouteSpec& route);
policy::Billing billing_of(provider::Billing billing);

// Takes the key out of an upstream's own words: some repeat the one that they refuse, and it is not the
// caller's to read.
void hide_key(api::ApiError& error, std::string_view key);

// Whether the upstream refuses the operator's account as a whole: its key, its rights or its balance.
bool tells_of_account(provider::Code code);

// What a caller with a key of the gateway's is told instead: the account is not his to know about or to mend.
void hide_account(Failure& failure);

// The try that never left the queue.
Failure not_admitted(const Admission& admission, std::string served_by);

// The one error that ends the request: its cause, and the other failures by their codes.
api::ApiError final_error(const policy::GiveUp& end, const std::vector<Failure>& failures);

}  // namespace dujiang::engine
