// The old name of EpollLoop, for what has not been told yet.
#pragma once

#include "runtime/epoll_loop.hpp"

namespace dujiang::runtime {

using AsioLoop = EpollLoop;

}  // namespace dujiang::runtime
