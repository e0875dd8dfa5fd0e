#include "adapters/http/client_inflate.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace dujiang::adapters::http {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kZlib = MAX_WBITS;
constexpr int kBare = -MAX_WBITS;

constexpr std::string_view kBroken = "the compressed body is broken";
constexpr std::string_view kBomb = "the compressed body grows too much when decoded";

unsigned bounded(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
}

}  // namespace

struct Inflater::Stream : z_stream {};

Inflater::Inflater(Coding coding, InflateLimits limits)
    : coding_(coding), limits_(limits), stream_(std::make_unique<Stream>()) {}

Inflater::~Inflater() {
  if (started_) inflateEnd(stream_.get());
}

// RFC 9110 section 8.4.1.2: "deflate" has the zlib wrapper, but some send it bare. A wrapper's first byte
// names method 8 and a window of at most 32 KiB; no sane encoder begins a bare stream so.
bool Inflater::start(std::string_view in) {
  const auto first = static_cast<unsigned char>(in.front());
  const bool wrapped = (first & 0x0f) == 8 && first >> 4 <= 7;
  const int window = coding_ == Coding::gzip ? kGzip : wrapped ? kZlib : kBare;
  started_ = inflateInit2(stream_.get(), window) == Z_OK;
  return started_;
}

Inflater::Step Inflater::next(std::string_view in, std::span<char> out) {
  if (in.empty() && !started_) return {};
  if (!started_ && !start(in)) return {.error = "there is no memory left to decode the compressed body"};
  if (complete_ && coded_ > 0 && !in.empty()) {
    // A gzip body may be several members, one after the other (RFC 1952 section 2.2).
    if (coding_ != Coding::gzip || inflateReset(stream_.get()) != Z_OK) return {.error = kBroken};
  }
  if (!in.empty()) complete_ = false;
  stream_->next_in = reinterpret_cast<const Bytef*>(in.data());
  stream_->avail_in = bounded(in.size());
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = bounded(out.size());
  const unsigned in_before = stream_->avail_in;
  const unsigned out_before = stream_->avail_out;
  const int result = inflate(stream_.get(), Z_SYNC_FLUSH);
  Step step{.consumed = in_before - stream_->avail_in, .produced = out_before - stream_->avail_out};
  coded_ += step.consumed;
  decoded_ += step.produced;
  step.error = check(result);
  return step;
}

std::string_view Inflater::check(int result) {
  if (result == Z_STREAM_END) complete_ = true;
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return kBroken;
  if (decoded_ > limits_.free_bytes && decoded_ / limits_.ratio > coded_) return kBomb;
  return {};
}

}  // namespace dujiang::adapters::http
