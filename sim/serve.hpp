// The program around the server: its port file, its one line to the terminal, and its end by a signal.
#pragma once

#include <string>

#include "sim/options.hpp"

namespace dujiang::sim {

// Returns the exit status. `port_file`: written in one step, when connections are taken; empty for none.
int serve(Options options, const std::string& port_file);

}  // namespace dujiang::sim
