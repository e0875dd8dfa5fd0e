#include "support/fake_dns.hpp"

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <utility>

namespace dujiang::testing {
namespace {

using boost::asio::ip::udp;

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
  const auto ip = boost::asio::ip::make_address(address);
  put16(out, v6 ? 16 : 4);
  if (v6) {
    for (const unsigned char byte : ip.to_v6().to_bytes()) out += static_cast<char>(byte);
  } else {
    for (const unsigned char byte : ip.to_v4().to_bytes()) out += static_cast<char>(byte);
  }
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

class FakeDns::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(runtime::AsioLoop& loop, Answer answer)
      : answer_(std::move(answer)),
        socket_(loop.context(), udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}

  void receive() {
    socket_.async_receive_from(
        boost::asio::buffer(buffer_), peer_,
        [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
          if (error) return;
          self->handle(std::string(self->buffer_.data(), size));
          self->receive();
        });
  }

  void handle(const std::string& query) {
    const Parsed parsed = parse(query);
    questions_.push_back((parsed.question.v6 ? "AAAA " : "A ") + parsed.question.name);
    if (const auto reply = answer_(parsed.question)) {
      socket_.send_to(boost::asio::buffer(reply_packet(query, parsed, *reply)), peer_);
    }
  }

  Answer answer_;
  udp::socket socket_;
  udp::endpoint peer_;
  std::array<char, 1500> buffer_{};
  std::vector<std::string> questions_;
};

FakeDns::FakeDns(runtime::AsioLoop& loop, Answer answer)
    : impl_(std::make_shared<Impl>(loop, std::move(answer))) {
  impl_->receive();
}

FakeDns::~FakeDns() { impl_->socket_.close(); }

std::string FakeDns::address() const {
  return "127.0.0.1:" + std::to_string(impl_->socket_.local_endpoint().port());
}

const std::vector<std::string>& FakeDns::questions() const { return impl_->questions_; }

}  // namespace dujiang::testing
