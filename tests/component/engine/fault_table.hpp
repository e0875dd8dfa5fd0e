// The fault catalogue as callers of the gateway live it: for each row and each form of an answer, what
// becomes of a call that meets it.
#pragma once

#include <ostream>
#include <span>
#include <string_view>

namespace dujiang::testing {

// What becomes of calls whose upstream shows a row: to its first attempt only (once), or to every one
// (always), with no other target or with a calm one to go to (elsewhere).
enum class Course {
  harmless,    // a good answer from the first attempt
  repeatable,  // once: a good answer in the end. always: an error. elsewhere: a good answer from there
  moves,       // once, always: an error. elsewhere: a good answer from there
  final,       // an error in every case: the request's own fault, or nothing is known of a failure
  breaks,      // content has gone out: an error event in the stream in every case
  may_break,   // the content goes out or is overtaken by the break: as `breaks`, or as `repeatable`
  thinks,      // only thinking has gone out. always: an error event. Otherwise a good answer after a seam
  blank,       // as repeatable, but always: the empty answer is handed out
};

struct Expected {
  Course course = Course::harmless;
  int status = 200;
  std::string_view code{};
};

// The one clock that a row makes run out; the others are patient. An attempt in one piece has no token
// clocks: the deadline takes their place.
enum class ShortClock { none, first_byte, first_token, gap, after_finish, deadline };

struct Row {
  std::string_view name;  // "row05_close"
  std::string_view fault;
  Expected stream;
  Expected whole;  // asked for in one piece; the attempt streams and the answer is put together
  Expected as_is;  // asked for in one piece; the attempt is in one piece, too
  ShortClock clock = ShortClock::none;
};

std::span<const Row> fault_table();

void PrintTo(const Row& row, std::ostream* out);  // NOLINT(readability-identifier-naming): GoogleTest's name

}  // namespace dujiang::testing
