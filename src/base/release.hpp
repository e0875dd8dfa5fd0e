// Gives memory back before its owner ends.
#pragma once

#include <utility>

namespace dujiang::base {

// Leaves `value` empty and without memory. (A string that an empty one is assigned to keeps what it has.)
template <class T>
void release(T& value) {
  [[maybe_unused]] const T gone = std::exchange(value, T());
}

}  // namespace dujiang::base
