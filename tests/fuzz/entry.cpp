// libFuzzer's way into the target that DUJIANG_FUZZ_TARGET names.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    dujiang::fuzz::DUJIANG_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  } catch (const dujiang::fuzz::Broken& broken) {
    std::fprintf(stderr, "a property does not hold: %s\n", broken.what());
    std::abort();
  }
  return 0;
}
