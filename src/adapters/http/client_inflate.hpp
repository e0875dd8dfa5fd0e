// Undoes a Content-Encoding that nobody asked for, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace dujiang::adapters::http {

// In bytes of the decoded body. How large one may be is for its reader to say, who gets it piece by piece. A
// body beyond `free_bytes` that is more than `ratio` times its coded size is taken for a bomb: text of models
// compresses 3 to 10 times, deflate at its best 1032 times.
struct InflateLimits {
  std::uint64_t free_bytes = 1ull << 20;
  std::uint64_t ratio = 200;
};

class Inflater {
 public:
  enum class Coding : std::uint8_t { gzip, deflate };  // deflate: with the zlib wrapper or bare

  explicit Inflater(Coding coding, InflateLimits limits = {});
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    std::string_view error{};  // static; not empty: the body is broken or too large
  };

  // Decodes from `in` to `out` until one of them is used up.
  Step next(std::string_view in, std::span<char> out);

  // Whether the body may end here.
  bool complete() const { return complete_; }

 private:
  struct Stream;

  bool start(std::string_view in);
  std::string_view check(int result);

  Coding coding_;
  InflateLimits limits_;
  std::unique_ptr<Stream> stream_;
  bool started_ = false;
  bool complete_ = true;  // no byte at all is a body too
  std::uint64_t coded_ = 0;
  std::uint64_t decoded_ = 0;
};

}  // namespace dujiang::adapters::http
