// The socket below OpenSSL. Its own socket BIO writes with write(2), which raises SIGPIPE once the peer is
// gone; this one does not.
#pragma once

struct bio_st;

namespace dujiang::adapters::net {

// Reads and writes `fd`, a non-blocking socket that the caller owns and keeps open. Null when out of memory.
bio_st* make_socket_bio(int fd);

}  // namespace dujiang::adapters::net
