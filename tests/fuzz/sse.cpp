// Server-sent events: the same for any cut, within the memory allowed, and what is written is read back.
#include "api/sse.hpp"

#include <string>

#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"

namespace dujiang::fuzz {
namespace {

using api::SseDecoder;
using api::SseItem;

std::string describe(const SseItem& item) {
  return (item.kind == SseItem::Kind::comment ? "comment " : "data ") +
         std::string(item.unterminated ? "cut " : "") + std::string(item.name) + "|" +
         std::string(item.text) + "\n";
}

std::string decode(const Pieces& pieces, std::size_t limit) {
  SseDecoder decoder(limit);
  std::string out;
  for (const std::string_view piece : pieces) {
    const Exact exact(piece);
    decoder.feed(exact.view());
    while (const auto item = decoder.next()) {
      require(item->text.size() <= limit, "an event beyond the limit");
      out += describe(*item);
    }
  }
  if (const auto item = decoder.end()) out += describe(*item);
  return out + (decoder.too_large() ? "too large" : "");
}

void check_written(std::string_view bytes) {
  std::string data(bytes);
  // A line end is written as one, whichever it was.
  std::string expected;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') continue;
    expected += data[i] == '\r' ? '\n' : data[i];
  }
  std::string text;
  api::append_sse_event(text, data);
  require(decode({text}, std::size_t{4} << 20) == "data |" + expected + "\n",
          "an event that was written is not read back");
}

// Once it is known what a body is, more bytes change nothing.
void check_sniff(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 64);
  api::BodyForm known = api::BodyForm::undecided;
  for (std::size_t size = 0; size <= start.size(); ++size) {
    const Exact exact(start.substr(0, size));
    const api::BodyForm form = api::sniff_body(exact.view());
    require(known == api::BodyForm::undecided || form == known, "a form that was decided changes");
    known = form;
  }
}

}  // namespace

void sse(std::string_view bytes) {
  for (const std::size_t limit : {std::size_t{4} << 20, std::size_t{24}}) {
    same_for_any_cut(bytes, [&](const Pieces& pieces) { return decode(pieces, limit); });
  }
  check_written(bytes);
  check_sniff(bytes);
}

}  // namespace dujiang::fuzz
