// The socket below OpenSSL. Its own socket BIO writes with write(2), which raises SIGPIPE once the peer is
// gone; this one does not.
#pragma once

struct bio_st;

namespace dujiang::adapters::net {

class Socket;

// Reads and writes a socket that the caller owns, and that outlives it. Null when out of memory.
bio_st* make_socket_bio(Socket& socket);

}  // namespace dujiang::adapters::net
