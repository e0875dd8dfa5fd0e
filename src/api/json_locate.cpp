// A strict JSON checker that knows where it stands: the parser that does the work says only that something
// is wrong. Iterative, with the open brackets in an array, so that hostile nesting costs nothing.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "api/json.hpp"
#include "base/ascii.hpp"

namespace dujiang::api {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Value of a hex digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  std::optional<JsonError> run() {
    check();
    return error_;
  }

 private:
  enum class Expect : std::uint8_t { value, value_or_close, key, key_or_close, comma_or_close, end };

  bool fail(std::string what) { return fail_at(at_, std::move(what)); }
  bool fail_at(std::size_t offset, std::string what) {
    if (!error_) error_ = JsonError{.what = std::move(what), .offset = offset};
    return false;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }
  void skip_space() {
    while (!at_end() && base::is_space(text_[at_])) ++at_;
  }

  void check() {
    skip_space();
    if (at_end()) {
      fail("the text is empty");
      return;
    }
    Expect expect = Expect::value;
    while (expect != Expect::end || !at_end()) {
      if (at_end()) {
        fail("the text ends in the middle");
        return;
      }
      if (!step(expect)) return;
      skip_space();
    }
  }

  bool step(Expect& expect) {
    switch (expect) {
      case Expect::value:
        return value(expect);
      case Expect::value_or_close:
        return peek() == ']' ? close(expect) : value(expect);
      case Expect::key:
        return key(expect);
      case Expect::key_or_close:
        return peek() == '}' ? close(expect) : key(expect);
      case Expect::comma_or_close:
        return comma_or_close(expect);
      case Expect::end:
        return fail("something follows the end of the value");
    }
    return false;
  }

  bool open(Expect& expect) {
    if (depth_ >= kMaxJsonDepth) return fail(fmt::format("nesting is deeper than {}", kMaxJsonDepth));
    open_[depth_++] = text_[at_];
    expect = text_[at_] == '{' ? Expect::key_or_close : Expect::value_or_close;
    ++at_;
    return true;
  }

  bool close(Expect& expect) {
    ++at_;
    --depth_;
    expect = depth_ == 0 ? Expect::end : Expect::comma_or_close;
    return true;
  }

  bool comma_or_close(Expect& expect) {
    const bool in_object = open_[depth_ - 1] == '{';
    if (peek() == (in_object ? '}' : ']')) return close(expect);
    if (peek() != ',') return fail(in_object ? "a ',' or '}' is missing" : "a ',' or ']' is missing");
    ++at_;
    expect = in_object ? Expect::key : Expect::value;
    return true;
  }

  bool key(Expect& expect) {
    if (peek() != '"') return fail("a key in double quotes is missing");
    if (!string()) return false;
    skip_space();
    if (peek() != ':') return fail("a ':' is missing after the key");
    ++at_;
    expect = Expect::value;
    return true;
  }

  bool value(Expect& expect) {
    const char c = peek();
    if (c == '{' || c == '[') return open(expect);
    bool good = false;
    if (c == '"') {
      good = string();
    } else if (c == '-' || is_digit(c)) {
      good = number();
    } else {
      good = word("true") || word("false") || word("null") ||
             fail("a value is missing (strings and keys need double quotes)");
    }
    expect = depth_ == 0 ? Expect::end : Expect::comma_or_close;
    return good;
  }

  bool word(std::string_view name) {
    if (!text_.substr(at_).starts_with(name)) return false;
    at_ += name.size();
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return fail("a digit is missing in this number");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    bool integral = true;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail("a number must not start with 0");
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      integral = false;
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      integral = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    return in_range(start, integral);
  }

  bool in_range(std::size_t start, bool integral) {
    const std::string_view literal = text_.substr(start, at_ - start);
    const char* first = literal.data();
    const char* last = first + literal.size();
    std::errc bad{};
    if (!integral) {
      double d = 0;
      const auto result = std::from_chars(first, last, d);
      // Too small is fine (it is read as 0), too large is not; from_chars tells only that it is one of them.
      const std::size_t exponent = literal.find_first_of("eE");
      const bool small = exponent == std::string_view::npos
                             ? literal.starts_with("0.") || literal.starts_with("-0.")
                             : literal[exponent + 1] == '-';
      if (!small) bad = result.ec;
    } else if (literal.front() == '-') {
      std::int64_t i = 0;
      bad = std::from_chars(first, last, i).ec;
    } else {
      std::uint64_t u = 0;
      bad = std::from_chars(first, last, u).ec;
    }
    return bad == std::errc{} || fail_at(start, "this number is out of range");
  }

  bool string() {
    const std::size_t start = at_;
    ++at_;
    while (!at_end()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return fail("a control character in a string must be escaped");
      if (c == '\\') {
        if (!escape()) return false;
      } else if (c < 0x80) {
        ++at_;
      } else if (!utf8()) {
        return false;
      }
    }
    return fail_at(start, "this string has no end");
  }

  // Four hex digits at at_ as a code unit, or -1.
  int code_unit() {
    if (text_.size() - at_ < 4) return -1;
    int unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_value(text_[at_ + static_cast<std::size_t>(i)]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    at_ += 4;
    return unit;
  }

  bool escape() {
    const std::size_t start = at_;
    ++at_;
    const char c = peek();
    if (std::string_view("\"\\/bfnrt").contains(c) && !at_end()) {
      ++at_;
      return true;
    }
    if (c != 'u') return fail_at(start, "there is no such escape");
    ++at_;
    const int unit = code_unit();
    if (unit < 0) return fail_at(start, "\\u needs four hex digits");
    if (unit < 0xd800 || unit > 0xdfff) return true;
    if (unit <= 0xdbff && word("\\u")) {
      const int low = code_unit();
      if (low >= 0xdc00 && low <= 0xdfff) return true;
    }
    return fail_at(start, "half of a surrogate pair stands alone");
  }

  bool utf8() {
    const auto byte = [&](std::size_t i) {
      return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0u;
    };
    const unsigned lead = byte(0);
    std::size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      length = 3;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    bool good = length != 0 && byte(1) >= low && byte(1) <= high;
    for (std::size_t i = 2; i < length; ++i) good = good && byte(i) >= 0x80 && byte(i) <= 0xbf;
    if (!good) return fail("this byte is not UTF-8");
    at_ += length;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::array<char, kMaxJsonDepth> open_{};
  std::optional<JsonError> error_;
};

}  // namespace

std::optional<JsonError> locate_json_error(std::string_view text) { return Checker(text).run(); }

}  // namespace dujiang::api
