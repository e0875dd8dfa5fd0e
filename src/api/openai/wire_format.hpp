// OpenAI's wire format, which DeepSeek speaks too: the folder's one way in for the engine.
#pragma once

#include "api/wire_format.hpp"

namespace dujiang::api::openai {

const WireFormat& wire_format();

}  // namespace dujiang::api::openai
