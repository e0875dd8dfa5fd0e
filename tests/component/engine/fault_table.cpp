#include "component/engine/fault_table.hpp"

#include <ostream>

namespace dujiang::testing {
namespace {

using enum Course;

constexpr Expected kGood{};
constexpr Expected can_be_repeated(int status, std::string_view code) { return {repeatable, status, code}; }
constexpr Expected goes_elsewhere(int status, std::string_view code) { return {moves, status, code}; }
constexpr Expected ends(int status, std::string_view code) { return {final, status, code}; }
constexpr Expected breaks_off(std::string_view code) { return {breaks, 200, code}; }
constexpr Expected may_break_off(int status, std::string_view code) { return {may_break, status, code}; }
constexpr Expected thinks_first(std::string_view code) { return {thinks, 200, code}; }
constexpr Expected kBlank{blank};

// The same whatever the form.
constexpr Row row(std::string_view name, std::string_view fault, Expected every,
                  ShortClock clock = ShortClock::none) {
  return {name, fault, every, every, every, clock};
}

// Times are scenario seconds: milliseconds here.
constexpr Row kTable[] = {
    row("row01", "1; after=30; every=10", kGood),
    row("row02", "2; after=30; every=10", kGood),
    row("row03_close", "3; after=30; every=10; variant=close", can_be_repeated(502, "empty_body")),
    row("row03_eof", "3; after=30; every=10; variant=eof", can_be_repeated(502, "empty_body")),
    row("row03_reset", "3; after=30; every=10; variant=reset", can_be_repeated(502, "reset")),
    row("row04_close", "4; after=30; every=10; variant=close", can_be_repeated(502, "empty_body")),
    row("row04_eof", "4; after=30; every=10; variant=eof", can_be_repeated(502, "empty_body")),
    row("row04_reset", "4; after=30; every=10; variant=reset", can_be_repeated(502, "reset")),
    row("row05_close", "5; after=30; variant=close", can_be_repeated(502, "empty_body")),
    row("row05_eof", "5; after=30; variant=eof", can_be_repeated(502, "empty_body")),
    row("row06_length", "6; variant=length", can_be_repeated(502, "empty_body")),
    row("row06_length_late", "6; after=30; variant=length", can_be_repeated(502, "empty_body")),
    row("row06_chunked", "6; variant=chunked", can_be_repeated(502, "empty_body")),
    row("row06_chunked_late", "6; after=30; variant=chunked", can_be_repeated(502, "empty_body")),
    row("row07", "7", can_be_repeated(503, "busy")),
    row("row07_retry_after", "7; retry_after=0", can_be_repeated(503, "busy")),
    row("row08", "8; limit=25", can_be_repeated(429, "concurrency_limit")),
    row("row09", "9; limit=500", can_be_repeated(429, "concurrency_limit")),
    row("row10", "10", can_be_repeated(429, "tpm_limit")),
    row("row11", "11", goes_elsewhere(402, "balance")),
    row("row12", "12; variant=plain", goes_elsewhere(401, "auth")),
    row("row12_request_id", "12; variant=request_id", goes_elsewhere(401, "auth")),
    row("row13_400", "13; variant=400", goes_elsewhere(400, "invalid_request_error")),
    row("row13_422", "13; variant=422", ends(422, "invalid_request_error")),
    row("row14", "14", can_be_repeated(502, "server_error")),
    row("row15_502", "15; variant=502", can_be_repeated(502, "bad_gateway")),
    row("row15_504", "15; variant=504", can_be_repeated(502, "bad_gateway")),
    row("row16", "16; variant=reset", can_be_repeated(502, "reset")),
    row("row17", "17; after=30..60", kGood),
    row("row17_given_up", "17; after=forever", can_be_repeated(504, "silent"), ShortClock::first_byte),
    row("row18", "18", can_be_repeated(502, "reset")),
    {"row19_rst", "19; after=3; variant=rst", may_break_off(502, "reset"), can_be_repeated(502, "reset"),
     can_be_repeated(502, "reset")},
    {"row19_eof", "19; after=3; variant=eof", breaks_off("cut"), can_be_repeated(502, "cut"),
     can_be_repeated(502, "cut")},
    {"row20", "20; after=3", breaks_off("cut"), can_be_repeated(502, "cut"), can_be_repeated(502, "garbage")},
    row("row21_goes_on", "21; after=3; for=30; variant=reasoning", kGood),
    {"row21_forever", "21; after=3; variant=forever", thinks_first("stalled"),
     can_be_repeated(504, "stalled"), ends(504, "timed_out"), ShortClock::gap},
    {"row21_content", "21; after=3; for=forever; variant=content", breaks_off("stalled"),
     can_be_repeated(504, "stalled"), ends(504, "timed_out"), ShortClock::gap},
    {"row22", "22; after=3; for=30", breaks_off("cut"), can_be_repeated(502, "cut"),
     can_be_repeated(502, "empty_body")},
    row("row23_alone_it_keeps_its_place", "23; every=20", ends(504, "timed_out"), ShortClock::deadline),
    {"row23_moves", "23; every=20", can_be_repeated(504, "late_first_token"),
     can_be_repeated(504, "late_first_token"), ends(504, "timed_out"), ShortClock::first_token},
    {"row24", "24; after=3", breaks_off("insufficient_system_resource"),
     can_be_repeated(503, "insufficient_system_resource"),
     can_be_repeated(503, "insufficient_system_resource")},
    row("row25_empty", "25; variant=empty", kBlank),
    row("row25_null", "25; variant=null", kBlank),
    row("row25_reasoning", "25; variant=reasoning", kBlank),
    {"row26_close", "26; after=3; variant=close", breaks_off("server_error"),
     can_be_repeated(502, "server_error"), can_be_repeated(502, "server_error")},
    {"row26_done", "26; after=3; variant=done", breaks_off("server_error"),
     can_be_repeated(502, "server_error"), can_be_repeated(502, "server_error")},
    {"row26_first", "26; after=0; variant=close", can_be_repeated(502, "server_error"),
     can_be_repeated(502, "server_error"), can_be_repeated(502, "server_error")},
    row("row27", "27", kGood),
    row("row28_crlf", "28; variant=crlf", kGood),
    row("row28_split_utf8", "28; variant=split_utf8", kGood),
    row("row28_comment", "28; variant=comment", kGood),
    row("row28_nospace", "28; variant=nospace", kGood),
    row("row28_label_json", "28; variant=label_json", kGood),
    row("row28_byte", "28; variant=byte", kGood),
    row("row29", "29; every=2..10", kGood),
    row("row30_siliconflow", "30; variant=siliconflow", can_be_repeated(503, "busy")),
    row("row30_ollama", "30; variant=ollama", can_be_repeated(503, "busy")),
    row("row30_llamacpp", "30; variant=llamacpp", can_be_repeated(503, "busy")),
    row("row30_openrouter", "30; variant=openrouter; after=20", can_be_repeated(503, "busy")),

    // Beyond the catalogue.
    row("garbage", "garbage", can_be_repeated(502, "garbage")),
    row("endless_head", "endless-head", can_be_repeated(502, "garbage")),
    {"endless_line", "endless-line", can_be_repeated(502, "malformed_event"),
     can_be_repeated(502, "malformed_event"), ends(502, "too_large")},
    {"truncated", "truncated", breaks_off("cut"), can_be_repeated(502, "cut"), can_be_repeated(502, "cut")},
    row("gzip", "gzip", kGood),
    {"malformed_event", "malformed-event; after=3", breaks_off("malformed_event"),
     can_be_repeated(502, "malformed_event"), can_be_repeated(502, "garbage")},
    row("no_done_close", "no-done; variant=close", kGood),
    row("no_done_hang", "no-done; variant=hang", kGood, ShortClock::after_finish),
    row("double_done", "double-done", kGood),
    row("whitespace", "whitespace", ends(504, "timed_out"), ShortClock::deadline),
};

}  // namespace

std::span<const Row> fault_table() { return kTable; }

void PrintTo(const Row& row, std::ostream* out) { *out << row.name << ": " << row.fault; }

}  // namespace dujiang::testing
