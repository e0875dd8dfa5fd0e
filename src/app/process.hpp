// What the process asks of its operating system: descriptors, no signal for broken pipes, a file that says
// where it listens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace dujiang::app {

// A connection takes a descriptor, and the usual 1,024 are soon spent: takes as many as the hard limit
// allows.
void raise_descriptor_limit();

// How many this process may have open.
std::size_t descriptor_limit();

// How many connections of callers so many descriptors allow. A third of them is left for connections to
// upstreams (callers wait between their requests, and a request for which none is left is tried again later),
// and a few for everything else.
std::size_t callers_allowed(std::size_t descriptors);

// Opens /dev/null in the place of standard input, output and error where they are closed: else the next
// connection would take the place, and the log would be written to it.
void fill_standard_descriptors();

// A write to a connection that is gone is an error to that write, not the end of the process.
void ignore_broken_pipes();

// Writes the port and a line end, so that a reader finds nothing or all of it.
base::Result<void> write_port_file(const std::string& path, std::uint16_t port);

bool stderr_is_terminal();

}  // namespace dujiang::app
