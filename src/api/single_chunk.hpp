// A whole answer as one chunk of a stream: for an upstream that was asked to stream and did not.
#pragma once

#include <string>
#include <string_view>

namespace dujiang::api {

// REQUIRES: check_whole_answer calls `answer` an answer to an operation that generates text.
std::string single_chunk(std::string_view answer);

}  // namespace dujiang::api
