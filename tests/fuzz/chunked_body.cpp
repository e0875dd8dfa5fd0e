// A chunked body, read and written: the same for any cut, and what is written is read back.
#include <string>

#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"
#include "http/chunked.hpp"

namespace dujiang::fuzz {
namespace {

using http::ChunkedDecoder;
using http::ChunkedLimits;
using Kind = ChunkedDecoder::Kind;

struct Decoded {
  std::string body;
  std::size_t consumed = 0;
  Kind kind = Kind::more;
  std::string_view error;
};

Decoded decode(const Pieces& pieces, ChunkedLimits limits) {
  ChunkedDecoder decoder(limits);
  Decoded out;
  for (const std::string_view piece : pieces) {
    const Exact exact(piece);
    std::string_view rest = exact.view();
    ChunkedDecoder::Step step;
    do {
      step = decoder.next(rest);
      require(step.consumed <= rest.size(), "more is consumed than there is");
      require(step.body.size() <= step.consumed, "more comes out than went in");
      out.body += step.body;
      out.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
    } while (step.kind == Kind::body);
    out.kind = step.kind;
    if (step.kind != Kind::more) break;
    require(rest.empty(), "more is wanted though there is some left");
  }
  out.error = decoder.error();
  return out;
}

void check_read(std::string_view bytes) {
  for (const ChunkedLimits& limits : {ChunkedLimits{}, ChunkedLimits{.line = 8, .trailer = 16}}) {
    same_for_any_cut(bytes, [&](const Pieces& pieces) {
      const Decoded out = decode(pieces, limits);
      return std::to_string(static_cast<int>(out.kind)) + " " + std::string(out.error) + " after " +
             std::to_string(out.consumed) + "\n" + out.body;
    });
  }
}

// `bytes` as a body that we send in pieces.
void check_written(std::string_view bytes) {
  Dice dice(bytes);
  std::string text;
  for (const std::string_view piece : cut(bytes, 40, dice)) {
    http::append_chunk_size(text, piece.size());
    text.append(piece).append("\r\n");
  }
  text += http::kLastChunk;
  const std::size_t size = text.size();
  text += bytes;
  const Decoded out = decode(cut(text, 64, dice), {});
  require(out.kind == Kind::end && out.body == bytes, "a body that was written is not read back");
  require(out.consumed == size, "the end of a body that was written is not where it was put");
}

}  // namespace

void chunked_body(std::string_view bytes) {
  check_read(bytes);
  check_written(bytes);
}

}  // namespace dujiang::fuzz
