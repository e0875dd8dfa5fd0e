// The check of an answer that came in one piece, before a byte of it goes to a caller (rule 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/operation.hpp"
#include "api/usage.hpp"

namespace dujiang::api {

struct WholeAnswer {
  enum class Kind : std::uint8_t {
    answer,     // parsed JSON with what the operation promises: a choice, data, ...
    empty,      // no byte but whitespace
    error,      // an error object, whatever the status
    malformed,  // not JSON
    foreign,    // JSON, but no answer to this operation
  };
  Kind kind = Kind::malformed;
  std::string detail;  // of malformed and foreign: what is wrong
  std::string model;
  std::string id;
  std::vector<std::string> finish_reasons;  // one per choice; "" where there is none
  bool any_content = false;                 // content, tool call or refusal in any choice
  bool any_reasoning = false;
  std::optional<Usage> usage;
};

WholeAnswer check_whole_answer(Operation operation, std::string_view body);

// Finish reasons that end an answer. `insufficient_system_resource` is none: it is a failure under a 200.
bool is_final_finish_reason(std::string_view reason);

}  // namespace dujiang::api
