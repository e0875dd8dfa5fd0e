#include "adapters/http/client_response.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "adapters/http/server_buffer.hpp"
#include "base/ascii.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::http::BodyKind;
using dujiang::http::ChunkedDecoder;
using dujiang::http::HeadState;
using ports::IoFailure;
using Kind = ResponseReader::Step::Kind;

constexpr std::size_t kBufferSize = kBlockBytes;

// Most readers wait most of the time, and share what they need while they don't.
BlockPool& spare_blocks() {
  thread_local BlockPool blocks;
  return blocks;
}

}  // namespace

ResponseReader::ResponseReader(bool to_head, ResponseLimits limits)
    : limits_(limits), parser_(to_head, limits.head) {}

ResponseReader::~ResponseReader() {
  taken_ = filled_;
  rest();
}

void ResponseReader::rest() {
  if (!buffer_ || taken_ != filled_) return;
  if (capacity_ == kBufferSize) spare_blocks().give_back(std::move(buffer_));
  buffer_.reset();
  taken_ = filled_ = 0;
}

std::span<char> ResponseReader::space() {
  if (!buffer_) {
    capacity_ = kBufferSize;
    buffer_ = spare_blocks().take();
  }
  compact();
  if (filled_ == capacity_) {
    // Only a head gets here, and the parser refuses one beyond its limit. A body's bytes are all taken by
    // now.
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::memcpy(larger.get(), buffer_.get(), filled_);
    buffer_ = std::move(larger);
    capacity_ *= 2;
  }
  return {buffer_.get() + filled_, capacity_ - filled_};
}

void ResponseReader::compact() {
  if (taken_ == 0) return;
  std::memmove(buffer_.get(), buffer_.get() + taken_, filled_ - taken_);
  filled_ -= taken_;
  taken_ = 0;
}

ResponseReader::Step ResponseReader::next() {
  switch (phase_) {
    case Phase::head:
      return read_head();
    case Phase::body:
      return read_body();
    case Phase::ended:
      break;
  }
  return last_;
}

ResponseReader::Step ResponseReader::read_head() {
  while (true) {
    if (parser_.parse(unread()) == HeadState::more) return {};
    begun_ = true;
    if (parser_.state() == HeadState::failed) {
      return fail(IoFailure::protocol, std::string(parser_.error().message));
    }
    if (parser_.status() >= 200) return take_head();
    if (parser_.status() == 101) return fail(IoFailure::protocol, "The upstream switched protocols unasked.");
    if (++interim_ > limits_.interim_responses) {
      return fail(IoFailure::protocol, "The upstream sent interim responses without end.");
    }
    taken_ += parser_.head_size();
    parser_.reset();
  }
}

ResponseReader::Step ResponseReader::take_head() {
  status_ = parser_.status();
  parser_.settle_in(headers_);
  keep_alive_ = parser_.keep_alive();
  framing_ = parser_.body();
  left_ = framing_.length;
  taken_ += parser_.head_size();
  phase_ = Phase::body;
  if (auto refused = choose_decoding()) return *refused;
  return {.kind = Kind::head};
}

std::optional<ResponseReader::Step> ResponseReader::choose_decoding() {
  const auto value = headers_.get("content-encoding");
  if (!value || framing_.kind == BodyKind::none) return std::nullopt;
  const std::string_view coding = base::trim(*value);
  if (coding.empty() || base::iequals(coding, "identity")) return std::nullopt;
  const bool is_gzip = base::iequals(coding, "gzip") || base::iequals(coding, "x-gzip");
  if (headers_.count("content-encoding") > 1 || (!is_gzip && !base::iequals(coding, "deflate"))) {
    return fail(
        IoFailure::protocol,
        "The body is compressed in a way that was not asked for and is not known (Content-Encoding: " +
            std::string(coding.substr(0, 40)) + ").");
  }
  inflater_ = std::make_unique<Inflater>(is_gzip ? Inflater::Coding::gzip : Inflater::Coding::deflate,
                                         limits_.inflate);
  decoded_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  headers_.remove("content-encoding");
  headers_.remove("content-length");
  return std::nullopt;
}

ResponseReader::Step ResponseReader::read_body() {
  while (true) {
    if (inflater_ && (holds_output_ || !coded_piece_.empty())) {
      Step step = decode(coded_piece_);
      if (step.kind != Kind::more) return step;
      // A member of the coding has ended within the piece: the next one begins there.
      if (!coded_piece_.empty()) continue;
    }
    Step piece = next_piece();
    if (piece.kind == Kind::end) return finish();
    if (piece.kind != Kind::body || !inflater_) return piece;
    coded_piece_ = piece.bytes;
  }
}

// The next piece of the body as it was sent, without its framing.
ResponseReader::Step ResponseReader::next_piece() {
  switch (framing_.kind) {
    case BodyKind::none:
      return {.kind = Kind::end};
    case BodyKind::length:
      if (left_ == 0) return {.kind = Kind::end};
      return take_raw(static_cast<std::size_t>(std::min<std::uint64_t>(left_, kBufferSize)));
    case BodyKind::until_close:
      return take_raw(kBufferSize);
    case BodyKind::chunked:
      break;
  }
  const ChunkedDecoder::Step step = chunks_.next(unread());
  taken_ += step.consumed;
  switch (step.kind) {
    case ChunkedDecoder::Kind::more:
      return {};
    case ChunkedDecoder::Kind::body:
      return {.kind = Kind::body, .bytes = step.body};
    case ChunkedDecoder::Kind::end:
      return {.kind = Kind::end};
    case ChunkedDecoder::Kind::error:
      break;
  }
  return fail(IoFailure::protocol, std::string(chunks_.error()));
}

ResponseReader::Step ResponseReader::take_raw(std::size_t limit) {
  const std::string_view bytes = unread().substr(0, limit);
  if (bytes.empty()) return {};
  taken_ += bytes.size();
  if (framing_.kind == BodyKind::length) left_ -= bytes.size();
  return {.kind = Kind::body, .bytes = bytes};
}

ResponseReader::Step ResponseReader::decode(std::string_view piece) {
  const Inflater::Step step = inflater_->next(piece, {decoded_.get(), kBufferSize});
  if (!step.error.empty()) return fail(IoFailure::protocol, std::string(step.error));
  if (step.consumed + step.produced == 0 && !piece.empty())
    return fail(IoFailure::protocol, "The compressed body does not go on.");
  coded_piece_.remove_prefix(step.consumed);
  holds_output_ = step.produced == kBufferSize;
  if (step.produced == 0) return {};
  return {.kind = Kind::body, .bytes = {decoded_.get(), step.produced}};
}

ResponseReader::Step ResponseReader::finish() {
  if (inflater_ && !inflater_->complete())
    return fail(IoFailure::protocol, "The compressed body ends too early.");
  phase_ = Phase::ended;
  last_ = {.kind = Kind::end};
  return last_;
}

ResponseReader::Step ResponseReader::end_of_stream(Ending ending) {
  if (phase_ == Phase::ended) return last_;
  const IoFailure failure = ending == Ending::proper ? IoFailure::closed : IoFailure::reset;
  const std::string what =
      ending == Ending::proper ? "The upstream ended the connection" : "The connection to the upstream broke";
  if (!has_begun()) return fail(failure, what + " before any byte of an answer.");
  if (phase_ == Phase::head) return fail(failure, what + " within the head of the answer.");
  if (framing_.kind == BodyKind::until_close && ending == Ending::proper) return finish();
  return fail(failure, what + " within the body of the answer.");
}

ResponseReader::Step ResponseReader::fail(IoFailure failure, std::string detail) {
  phase_ = Phase::ended;
  keep_alive_ = false;
  last_ = {.kind = Kind::failed, .failure = failure, .detail = std::move(detail)};
  return last_;
}

}  // namespace dujiang::adapters::http
