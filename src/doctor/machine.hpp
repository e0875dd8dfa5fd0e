// Examines what this machine gives a gateway.
#pragma once

#include "config/config.hpp"
#include "diagnosis/finding.hpp"
#include "runtime/epoll_loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::doctor {

// Listens for a moment where the gateway would, and closes again. Loop and configuration outlive the task.
runtime::Task<diagnosis::Section> examine_machine(runtime::EpollLoop& loop, const config::Config& config);

}  // namespace dujiang::doctor
