// Every row of the fault catalogue over real sockets: in a stream, in one piece put together from a stream,
// and in one piece throughout; shown once and always, with nowhere else to go and with a calm second
// upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <ranges>
#include <set>
#include <string>
#include <vector>

#include "component/engine/fault_table.hpp"
#include "sim/fault.hpp"
#include "support/busy_server.hpp"
#include "support/gateway_rig.hpp"

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

enum class Form { stream, whole, as_is };
enum class Way { once, always, elsewhere };

// Short enough for a suite of hundreds of calls, long enough for a calm upstream on a machine that is not.
constexpr route::milliseconds kShort = 1000ms;

constexpr std::uint32_t kAttempts = 2;

// Little enough for the endless, enough for every good answer here.
constexpr std::uint64_t kMostWhole = 1u << 20;

struct Cell {
  Row row;
  Form form;
  Way way;
};

struct Seen {
  Heard heard;
  std::string expected;  // the good answer
};

const Expected& expected_of(const Cell& cell) {
  switch (cell.form) {
    case Form::stream:
      return cell.row.stream;
    case Form::whole:
      return cell.row.whole;
    case Form::as_is:
      break;
  }
  return cell.row.as_is;
}

std::string name_of(const Cell& cell) {
  constexpr std::string_view kForms[] = {"stream", "whole", "as_is"};
  constexpr std::string_view kWays[] = {"once", "always", "elsewhere"};
  return std::string(cell.row.name) + ", " + std::string(kForms[static_cast<int>(cell.form)]) + ", " +
         std::string(kWays[static_cast<int>(cell.way)]);
}

engine::Settings settings_of(const Cell& cell, const BusyServer& first, const BusyServer& second) {
  std::vector<UpstreamAt> upstreams{{.name = "first", .port = first.port()}};
  if (cell.way == Way::elsewhere) upstreams.push_back({.name = "second", .port = second.port()});
  engine::Settings settings = settings_for(upstreams);
  settings.max_whole_answer_bytes = kMostWhole;
  for (auto& upstream : settings.upstreams) {
    upstream.unstreamed = cell.form == Form::as_is ? route::Unstreamed::as_is : route::Unstreamed::as_stream;
  }
  route::RouteSpec& route = settings.routes.front();
  route.retries.max_attempts = kAttempts;
  switch (cell.row.clock) {
    case ShortClock::first_byte:
      route.clocks.first_byte = kShort;
      route.clocks.unstreamed_first_byte = kShort;
      break;
    case ShortClock::first_token:
      route.clocks.first_token = route.clocks.alone_first_token = kShort;
      break;
    case ShortClock::gap:
      route.clocks.gap = kShort;
      break;
    case ShortClock::after_finish:
      route.clocks.after_finish = kShort;
      break;
    case ShortClock::deadline:
    case ShortClock::none:
      break;
  }
  return settings;
}

bool has_deadline(const Cell& cell) {
  const ShortClock clock = cell.row.clock;
  const bool of_tokens = clock == ShortClock::first_token || clock == ShortClock::gap;
  return clock == ShortClock::deadline || (of_tokens && cell.form == Form::as_is);
}

Seen live(const Cell& cell) {
  BusyServer first;
  BusyServer second;
  const GatewayRig gateway(settings_of(cell, first, second));
  Question question{.stream = cell.form == Form::stream, .fault = std::string(cell.row.fault)};
  if (cell.way == Way::once) question.fault += "; times=1";
  if (has_deadline(cell)) question.fields = "x-dujiang-deadline-ms: 800\r\n";
  return {.heard = gateway.ask(question), .expected = answer_to(question.prompt)};
}

void expect_good(const Seen& seen) {
  const ChatAnswer& chat = seen.heard.chat;
  EXPECT_EQ(seen.heard.status(), 200);
  EXPECT_EQ(chat.errors, 0u) << chat.error_message;
  EXPECT_EQ(chat.content, seen.expected);
  EXPECT_EQ(chat.finish_reason, "stop");
  EXPECT_EQ(chat.choiceless, 0u);
}

void expect_error(const Seen& seen, const Expected& expected) {
  const ChatAnswer& chat = seen.heard.chat;
  EXPECT_EQ(seen.heard.status(), expected.status);
  EXPECT_EQ(chat.errors, 1u);
  EXPECT_EQ(chat.error_code, expected.code) << chat.error_message;
  EXPECT_FALSE(chat.error_message.empty());
  EXPECT_EQ(seen.heard.http.header("x-should-retry"), "false");
}

// An error event after what has gone out.
void expect_break(const Seen& seen, const Expected& expected) {
  const ChatAnswer& chat = seen.heard.chat;
  EXPECT_EQ(seen.heard.status(), 200);
  EXPECT_EQ(chat.errors, 1u);
  EXPECT_EQ(chat.error_code, expected.code) << chat.error_message;
}

// Nothing is no success: an envelope, or an error event after thinking that was shown.
void expect_blank(const Seen& seen) {
  const ChatAnswer& chat = seen.heard.chat;
  EXPECT_TRUE(seen.heard.status() == 502 || (!chat.reasoning.empty() && chat.errors == 1))
      << seen.heard.status();
  EXPECT_EQ(chat.error_code, "blank") << chat.error_message;
  EXPECT_EQ(chat.content, "");
  EXPECT_EQ(chat.dones, 0u);
}

void expect_as_told(const Cell& cell, const Seen& seen) {
  const Expected& expected = expected_of(cell);
  const bool always = cell.way == Way::always;
  const bool elsewhere = cell.way == Way::elsewhere;
  switch (expected.course) {
    case Course::harmless:
      return expect_good(seen);
    case Course::repeatable:
      return always ? expect_error(seen, expected) : expect_good(seen);
    case Course::moves:
      return elsewhere ? expect_good(seen) : expect_error(seen, expected);
    case Course::final:
      return expect_error(seen, expected);
    case Course::breaks:
      return expect_break(seen, expected);
    case Course::may_break:
      if (seen.heard.chat.content.empty() && always) return expect_error(seen, expected);
      return seen.heard.chat.errors > 0 ? expect_break(seen, expected) : expect_good(seen);
    case Course::thinks:
      EXPECT_FALSE(seen.heard.chat.reasoning.empty());
      if (always) return expect_break(seen, expected);
      EXPECT_THAT(seen.heard.chat.comments, Contains(HasSubstr("seam")));
      return expect_good(seen);
    case Course::blank:
      return always ? expect_blank(seen) : expect_good(seen);
  }
}

// What holds whatever happens: never a silent cut, never wrong bytes.
void expect_honest(const Cell& cell, const Seen& seen) {
  const Heard& heard = seen.heard;
  EXPECT_EQ(heard.chat.problem, "");
  EXPECT_TRUE(heard.http.complete);
  EXPECT_TRUE(seen.expected.starts_with(heard.chat.content)) << heard.chat.content;
  EXPECT_NE(heard.http.header("x-request-id"), "(none)");
  const bool is_stream = cell.form == Form::stream && heard.status() == 200;
  EXPECT_EQ(heard.chat.dones, is_stream && heard.chat.errors == 0 ? 1u : 0u);
}

// Who answered: what went wrong at the first upstream came from the second. Where the first has shown its
// thinking, the headers are out, and the seam tells.
void expect_served_by(const Cell& cell, const Seen& seen) {
  const ChatAnswer& chat = seen.heard.chat;
  if (cell.way != Way::elsewhere || chat.errors > 0) return;
  const std::string by = seen.heard.http.header("x-dujiang-served-by");
  if (expected_of(cell).course == Course::harmless) {
    EXPECT_EQ(by, "first/deepseek-chat");
  } else if (by.starts_with("first")) {
    EXPECT_THAT(chat.comments, Contains(HasSubstr("seam: attempt 2 by second/deepseek-chat")));
  } else {
    EXPECT_EQ(by, "second/deepseek-chat");
  }
}

// Every row that the simulator can show, in each of its variants.
TEST(FaultTable, LeavesNoRowAndNoVariantOut) {
  // Shown to connections rather than to calls, or tested where a limit is set for them.
  const std::set<std::string> elsewhere = {"16 refused", "huge "};
  std::set<std::string> shown;
  for (const Row& row : fault_table()) {
    const sim::Directive directive = sim::parse_directive(row.fault).value();
    shown.insert(std::string(sim::info(directive.fault).id) + " " + std::string(directive.variant));
  }
  for (const sim::FaultInfo& info : sim::fault_catalogue()) {
    for (const auto variant : info.variants | std::views::split(' ')) {
      const std::string name = std::string(info.id) + " " + std::string(std::string_view(variant));
      EXPECT_TRUE(shown.contains(name) || elsewhere.contains(name)) << name;
    }
    if (!info.variants.empty()) continue;
    const std::string name = std::string(info.id) + " ";
    EXPECT_TRUE(shown.contains(name) || elsewhere.contains(name)) << name;
  }
}

class FaultRow : public ::testing::TestWithParam<Row> {};

TEST_P(FaultRow, BecomesAGoodAnswerOrAnExplicitFailure) {
  std::vector<Cell> cells;
  std::vector<std::future<Seen>> seen;
  for (const Form form : {Form::stream, Form::whole, Form::as_is}) {
    for (const Way way : {Way::once, Way::always, Way::elsewhere}) {
      cells.push_back({GetParam(), form, way});
    }
  }
  seen.reserve(cells.size());
  for (const Cell& cell : cells) {
    seen.push_back(std::async(std::launch::async, [&cell] { return live(cell); }));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Seen what = seen[i].get();
    SCOPED_TRACE(name_of(cells[i]) + "\n" + std::to_string(what.heard.status()) + " " + what.heard.http.body);
    expect_honest(cells[i], what);
    expect_as_told(cells[i], what);
    expect_served_by(cells[i], what);
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, FaultRow, ::testing::ValuesIn(fault_table()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace dujiang::testing
