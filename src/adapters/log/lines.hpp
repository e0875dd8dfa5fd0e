// Where finished lines go.
#pragma once

#include <string_view>

#include "ports/access_log.hpp"

namespace dujiang::adapters::log {

// Safe from any thread.
class Lines {
 public:
  virtual ~Lines() = default;

  // Takes a line with its end. It may be lost, but never holds its caller up.
  virtual void append(std::string_view line) = 0;

  virtual ports::LogState state() const = 0;
};

}  // namespace dujiang::adapters::log
