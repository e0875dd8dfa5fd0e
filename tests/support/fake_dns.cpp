#include "support/fake_dns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace dujiang::testing {
namespace {

constexpr std::size_t kHeaderSize = 12;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

void put_record(std::string& out, const std::string& address, std::uint32_t ttl, bool v6) {
  put16(out, 0xc000 | kHeaderSize);  // a pointer to the question's name
  put16(out, v6 ? 28 : 1);           // AAAA, A
  put16(out, 1);                     // IN
  put16(out, ttl >> 16);
  put16(out, ttl & 0xffff);
  std::array<char, 16> bytes{};
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) {
    throw std::invalid_argument(address + " is no address of the family asked for");
  }
  const std::size_t size = v6 ? 16 : 4;
  put16(out, static_cast<unsigned>(size));
  out.append(bytes.data(), size);
}

struct Parsed {
  DnsQuestion question;
  std::string section;  // the question's own bytes
};

Parsed parse(const std::string& packet) {
  Parsed parsed;
  std::size_t at = kHeaderSize;
  while (packet.at(at) != 0) {
    const auto length = static_cast<unsigned char>(packet.at(at));
    if (!parsed.question.name.empty()) parsed.question.name += '.';
    parsed.question.name += packet.substr(at + 1, length);
    at += 1 + length;
  }
  parsed.question.v6 = packet.at(at + 2) == 28;
  parsed.section = packet.substr(kHeaderSize, at + 5 - kHeaderSize);
  return parsed;
}

std::string reply_packet(const std::string& query, const Parsed& parsed, const DnsReply& reply) {
  std::string out = query.substr(0, 2);
  put16(out, 0x8180 | static_cast<unsigned>(reply.code));  // a response, recursion available
  put16(out, 1);
  put16(out, static_cast<unsigned>(reply.addresses.size()));
  put16(out, 0);
  put16(out, 0);
  out += parsed.section;
  for (const std::string& address : reply.addresses) put_record(out, address, reply.ttl, parsed.question.v6);
  return out;
}

}  // namespace

class FakeDns::Impl final : public runtime::Watcher {
 public:
  Impl(runtime::EpollLoop& loop, Answer answer, const Place& place)
      : loop_(loop),
        answer_(std::move(answer)),
        fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)),
        ip_(place.ip) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(place.port), .sin_addr = {}, .sin_zero = {}};
    ::inet_pton(AF_INET, place.ip, &at.sin_addr);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (::bind(fd_, address, size) != 0 || ::getsockname(fd_, address, &size) != 0 ||
        !loop_.watch(fd_, *this)) {
      throw std::system_error(errno, std::generic_category(), "a socket for DNS");
    }
    port_ = ntohs(at.sin_port);
  }
  ~Impl() override {
    loop_.unwatch(fd_, *this);
    ::close(fd_);
  }

  void on_ready(runtime::Readiness /*ready*/) override {
    std::array<char, 1500> buffer{};
    sockaddr_storage from{};
    auto* peer = reinterpret_cast<sockaddr*>(&from);
    while (true) {
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_, buffer.data(), buffer.size(), 0, peer, &size);
      if (got < 0) return;
      const std::string query(buffer.data(), static_cast<std::size_t>(got));
      const Parsed parsed = parse(query);
      questions_.push_back((parsed.question.v6 ? "AAAA " : "A ") + parsed.question.name);
      const auto reply = answer_(parsed.question);
      if (!reply) continue;
      const std::string packet = reply_packet(query, parsed, *reply);
      ::sendto(fd_, packet.data(), packet.size(), 0, peer, size);
    }
  }

  runtime::EpollLoop& loop_;
  Answer answer_;
  int fd_;
  std::string ip_;
  std::uint16_t port_ = 0;
  std::vector<std::string> questions_;
};

FakeDns::FakeDns(runtime::EpollLoop& loop, Answer answer, const Place& place)
    : impl_(std::make_unique<Impl>(loop, std::move(answer), place)) {}

FakeDns::~FakeDns() = default;

std::uint16_t FakeDns::port() const { return impl_->port_; }

const std::string& FakeDns::ip() const { return impl_->ip_; }

std::string FakeDns::address() const { return ip() + ":" + std::to_string(port()); }

const std::vector<std::string>& FakeDns::questions() const { return impl_->questions_; }

}  // namespace dujiang::testing
