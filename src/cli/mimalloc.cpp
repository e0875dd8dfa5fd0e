// How the allocator behaves; part of the program only where it is linked.
#include <mimalloc.h>

namespace {

// Pages that are free go back to the kernel at once. By default mimalloc waits for a later call, which after
// a burst of requests never comes: ten thousand idle connections would hold what ten thousand requests took.
// Its environment variables still have the last word.
[[maybe_unused]] const bool kGivesBack = [] {
  mi_option_set_default(mi_option_decommit_delay, 0);
  return true;
}();

}  // namespace
