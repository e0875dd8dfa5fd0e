// A whole response as the client reads it: head, framing, coding and end, the same for any cut.
#include <algorithm>
#include <cstring>
#include <string>

#include "adapters/http/client_response.hpp"
#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"

namespace dujiang::fuzz {
namespace {

using adapters::http::ResponseReader;
using Kind = ResponseReader::Step::Kind;

class Reading {
 public:
  explicit Reading(bool to_head) : reader_(to_head, kLimits) {}

  // Reads on until more bytes are needed.
  void take_steps() {
    while (!over_) {
      const ResponseReader::Step step = reader_.next();
      if (step.kind == Kind::more) return;
      note(step);
    }
  }

  void feed(std::string_view piece) {
    while (!piece.empty() && !over_) {
      const std::span<char> space = reader_.space();
      require(!space.empty(), "no room for more bytes");
      const std::size_t size = std::min(space.size(), piece.size());
      std::memcpy(space.data(), piece.data(), size);
      reader_.commit(size);
      piece.remove_prefix(size);
      take_steps();
    }
  }

  std::string end() {
    if (!over_) note(reader_.end_of_stream(ResponseReader::Ending::proper));
    require(over_, "the end of the stream is not the end");
    return text_ + "\n" + body_;
  }

 private:
  // A bomb is seen where a piece of it ends; so none is one here.
  static constexpr adapters::http::ResponseLimits kLimits{.head = {.head_bytes = 2048, .fields = 32},
                                                          .inflate = {.free_bytes = 64u << 20},
                                                          .interim_responses = 3};

  void note(const ResponseReader::Step& step) {
    switch (step.kind) {
      case Kind::head:
        require(text_.empty(), "two heads");
        text_ = "status " + std::to_string(reader_.status());
        for (const auto& [name, value] : reader_.headers())
          text_.append("\n").append(name).append("=").append(value);
        break;
      case Kind::body:
        require(!text_.empty(), "a body before its head");
        body_ += step.bytes;
        break;
      case Kind::end:
        over_ = true;
        text_ += "\nend";
        break;
      case Kind::failed:
        over_ = true;
        require(!step.detail.empty(), "a failure without words");
        require(!reader_.keeps_connection(), "a broken connection is kept");
        text_ += "\nfailed: " + step.detail;
        // How much of a broken body came out before it was seen to be broken depends on the cuts.
        body_.clear();
        break;
      case Kind::more:
        break;
    }
  }

  ResponseReader reader_;
  std::string text_;
  std::string body_;
  bool over_ = false;
};

}  // namespace

void response(std::string_view bytes) {
  for (const bool to_head : {false, true}) {
    same_for_any_cut(bytes, [&](const Pieces& pieces) {
      Reading reading(to_head);
      for (const std::string_view piece : pieces) reading.feed(piece);
      return reading.end();
    });
  }
}

}  // namespace dujiang::fuzz
