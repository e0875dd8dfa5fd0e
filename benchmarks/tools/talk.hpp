// What is said in every benchmark: one chat request of 1,400 bytes, one answer of 600 bytes, one kind of
// event.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace dujiang::bench {

/// The whole request, head and body. `key` is the caller's bearer key; `fields` are more header fields, each
/// with its line end.
std::string chat_request(bool stream, std::string_view key, std::string_view fields);

/// Whether the upstream is asked for a stream.
bool asks_for_stream(std::string_view body);

/// The body of the answer in one piece.
const std::string& chat_answer();

/// Whether another body gives the same answer: its text, and that it is whole.
bool tells_the_answer(std::string_view body);

/// An event's data that says when it was made, and the instant that such an event says; nothing if it is
/// another.
std::string event_of(Nanoseconds made);
std::optional<Nanoseconds> event_made(std::string_view data);

/// The data of the last two events of a stream.
std::string_view finish_event();
inline constexpr std::string_view kDone = "[DONE]";

}  // namespace dujiang::bench
