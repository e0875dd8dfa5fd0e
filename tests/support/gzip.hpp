// Compresses text the way a server would.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace dujiang::testing {

enum class Wrapper { gzip, zlib, bare };

inline std::string compress(const std::string& text, Wrapper wrapper = Wrapper::gzip) {
  const int window = wrapper == Wrapper::gzip   ? 16 + MAX_WBITS
                     : wrapper == Wrapper::zlib ? MAX_WBITS
                                                : -MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib could not start");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace dujiang::testing
