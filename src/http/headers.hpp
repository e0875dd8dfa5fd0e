// An HTTP header list in the order it came: names compare without case, doubles are kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.hpp"

namespace dujiang::http {

struct Field {
  std::string_view name;
  std::string_view value;
};

// A part of a text.
struct Span {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

struct FieldSpan {
  Span name;
  Span value;
};

// All names and values stand in one text, so that a list costs two pieces of memory whatever its length, and
// a head that was read becomes one by a single copy. Views into it live until it is changed.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }
  Headers(std::string text, std::vector<FieldSpan> fields)
      : text_(std::move(text)), fields_(std::move(fields)) {}

  // REQUIRES: the views are not into this list.
  void add(std::string_view name, std::string_view value) {
    if (fields_.empty()) {
      fields_.reserve(kUsualFields);
      text_.reserve(kUsualBytes);
    }
    fields_.push_back({.name = append(name), .value = append(value)});
  }

  // Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
  }

  void remove(std::string_view name) {
    std::erase_if(fields_, [&](const FieldSpan& f) { return is(f, name); });
  }

  // The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const {
    for (const FieldSpan& field : fields_) {
      if (is(field, name)) return view(field.value);
    }
    return std::nullopt;
  }

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields_, [&](const FieldSpan& f) { return is(f, name); }));
  }

  bool empty() const { return fields_.empty(); }

  // What all of it stands in; of a head that was read, the whole head.
  std::string_view text() const { return text_; }

  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Headers* headers, std::size_t index) : headers_(headers), index_(index) {}
    Field operator*() const { return headers_->field(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) { return {headers_, index_++}; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }

   private:
    const Headers* headers_ = nullptr;
    std::size_t index_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, fields_.size()}; }

 private:
  static constexpr std::size_t kUsualFields = 12;
  static constexpr std::size_t kUsualBytes = 400;

  std::string_view view(Span span) const { return std::string_view(text_).substr(span.at, span.size); }
  Field field(std::size_t index) const { return {view(fields_[index].name), view(fields_[index].value)}; }
  bool is(const FieldSpan& field, std::string_view name) const {
    return field.name.size == name.size() && base::iequals(view(field.name), name);
  }
  Span append(std::string_view part) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    text_ += part;
    return {.at = at, .size = static_cast<std::uint32_t>(part.size())};
  }

  std::string text_;
  std::vector<FieldSpan> fields_;
};

}  // namespace dujiang::http
