#include "sim/gzip.hpp"

#include <zlib.h>

#include <array>
#include <stdexcept>

namespace dujiang::sim {

class Gzip::Impl {
 public:
  Impl() {
    constexpr int kGzipWindow = 15 + 16;  // 16: with gzip's header
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::runtime_error("zlib has no memory for a compressed answer");
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { deflateEnd(&stream_); }

  std::string run(std::string_view bytes, int flush) {
    // zlib's interface takes input that it does not change as not const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::array<char, 4096> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = piece.size();
      deflate(&stream_, flush);
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

Gzip::Gzip() : impl_(std::make_unique<Impl>()) {}
Gzip::~Gzip() = default;

std::string Gzip::add(std::string_view bytes) { return impl_->run(bytes, Z_SYNC_FLUSH); }
std::string Gzip::finish() { return impl_->run({}, Z_FINISH); }

}  // namespace dujiang::sim
