// The listening sockets that the service manager opened for us (sd_listen_fds(3)).
#pragma once

#include <vector>

namespace dujiang::adapters::systemd {

// Their descriptors, from LISTEN_FDS if LISTEN_PID is this process; takes both out of the environment, so
// that a child does not take them for its own. Empty where nobody hands sockets over.
std::vector<int> take_inherited_sockets();

}  // namespace dujiang::adapters::systemd
