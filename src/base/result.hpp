// What a fallible function returns: the value, or an error as a value. Refusals and time-outs are never
// thrown.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace dujiang::base {

// An error whose only reader is a person: says what is wrong and what would be right.
struct Error {
  std::string message;
};

template <class T, class E = Error>
using Result = std::expected<T, E>;

inline std::unexpected<Error> fail(std::string message) { return std::unexpected(Error{std::move(message)}); }

}  // namespace dujiang::base
