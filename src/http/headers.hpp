// An HTTP header list in the order it came: names compare without case, doubles are kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.hpp"

namespace dujiang::http {

struct Field {
  std::string name;
  std::string value;
};

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }

  // Replaces every field of that name by one.
  void set(std::string_view name, std::string value) {
    remove(name);
    add(std::string(name), std::move(value));
  }

  void remove(std::string_view name) {
    std::erase_if(fields_, [&](const Field& f) { return base::iequals(f.name, name); });
  }

  // The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const {
    auto it = std::ranges::find_if(fields_, [&](const Field& f) { return base::iequals(f.name, name); });
    if (it == fields_.end()) return std::nullopt;
    return it->value;
  }

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields_, [&](const Field& f) { return base::iequals(f.name, name); }));
  }

  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace dujiang::http
