// The fault catalogue as data: what the upstream did, and what classify() has to make of it.
//
// One entry for each row of docs' catalogue, stream and not, and for each variant that the row names. To add
// a fault, add an entry.
#pragma once

#include <string>
#include <vector>

#include "provider/classify.hpp"
#include "support/replay_attempt.hpp"

namespace dujiang::golden {

struct Expected {
  provider::Verdict verdict = provider::Verdict::success;
  provider::Billing billing = provider::Billing::delivered;
  provider::Code code = provider::Code::ok;
  provider::AccountOut account_out = provider::AccountOut::no;
  std::uint32_t learned_limit = 0;  // 0: none
  int caller_status = 0;            // 0: not looked at
};

struct Fault {
  int row;  // of the catalogue; 0: a fault beyond it
  std::string what;
  std::string_view dialect;
  testing::Script script;
  Expected expected;
};

std::vector<Fault> catalogue();

}  // namespace dujiang::golden
