#include "adapters/net/proxy_header.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace dujiang::adapters::net {
namespace {

using State = ProxyHeader::State;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(const std::string& command_and_kind, const std::string& rest) {
  return kSignature + command_and_kind + static_cast<char>(rest.size() >> 8) +
         static_cast<char>(rest.size()) + rest;
}

const std::string kIp4 = "\xc0\x00\x02\x07\xc0\x00\x02\x01\xdc\x04\x01\xbb"s;  // 192.0.2.7:56324 to :443
const std::string kIp6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"s + std::string(16, '\x01') + "\xdc\x04\x01\xbb"s;

std::string source_of(std::string_view bytes) {
  const ProxyHeader header = parse_proxy_header(bytes);
  if (header.state == State::failed) return "failed";
  if (header.state == State::more) return "more";
  return header.source ? header.source->to_string() : "unsaid";
}

TEST(ProxyHeader, OfVersion1TellsTheSource) {
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"), "192.0.2.7:56324");
  EXPECT_EQ(source_of("PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n"), "[2001:db8::7]:1");
  EXPECT_EQ(source_of("PROXY UNKNOWN\r\n"), "unsaid");
  EXPECT_EQ(source_of("PROXY UNKNOWN ffff::1 ffff::2 1 2 or whatever\r\n"), "unsaid");
}

TEST(ProxyHeader, OfVersion2TellsTheSource) {
  EXPECT_EQ(source_of(binary("\x21\x11", kIp4)), "192.0.2.7:56324");
  EXPECT_EQ(source_of(binary("\x21\x21", kIp6)), "[2001:db8::7]:56324");
  EXPECT_EQ(source_of(binary("\x21\x31", std::string(216, 'u'))), "unsaid") << "a Unix stream";
  EXPECT_EQ(source_of(binary("\x21\0"s, "anything at all")), "unsaid");
  EXPECT_EQ(source_of(binary("\x20\0"s, "")), "unsaid") << "the load balancer's own connection";
  EXPECT_EQ(source_of(binary("\x20\x11", kIp4)), "unsaid") << "whatever addresses stand there";
}

TEST(ProxyHeader, OfVersion2MayHaveExtensions) {
  const std::string extensions = "\x02\x00\x04name\x04\x00\x00"s;
  EXPECT_EQ(source_of(binary("\x21\x11", kIp4 + extensions)), "192.0.2.7:56324");
  EXPECT_EQ(source_of(binary("\x21\x11", kIp4 + "\x02\x00\x05name"s)), "failed") << "one byte short";
  EXPECT_EQ(source_of(binary("\x21\x11", kIp4 + "\x02\x00"s)), "failed") << "no length";
}

TEST(ProxyHeader, EndsWhereItSays) {
  for (const std::string& header : {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"s, binary("\x21\x11", kIp4),
                                    binary("\x20\0"s, "xyz")}) {
    const ProxyHeader parsed = parse_proxy_header(header + "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(parsed.state, State::done);
    EXPECT_EQ(parsed.size, header.size());
  }
}

TEST(ProxyHeader, IsIncompleteUpToItsLastByteAndNeverAnythingElse) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"s, "PROXY UNKNOWN\r\n"s, binary("\x21\x11", kIp4),
        binary("\x21\x21", kIp6), binary("\x20\0"s, "")}) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      EXPECT_EQ(parse_proxy_header(std::string_view(header).substr(0, size)).state, State::more) << size;
    }
    EXPECT_EQ(parse_proxy_header(header).state, State::done);
  }
}

TEST(ProxyHeader, RefusesWhatIsNone) {
  const std::vector<std::string> cases{
      "GET / HTTP/1.1\r\n",
      "\x16\x03\x01",
      "proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY TCP4 192.0.2.7  192.0.2.1 1 2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
      "PROXY TCP4\r\n",
      "PROXY \r\n",
      "PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY UNKNOWNS\r\n",
      "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
      "PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
      "PROXY TCP4 192.0.2.7 here 1 2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 -2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n",
      "PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n"s,
      "PROXY UNKNOWN " + std::string(100, 'x'),
      "\r\n\r\n\0\r\nQUIT\r"s,
      "\r\nPROXY",
      kSignature + "\x11",                 // version 1 in binary
      kSignature + "\x22",                 // neither LOCAL nor PROXY
      binary("\x21\x12", kIp4),            // datagrams
      binary("\x21\x41", kIp4),            // no family of addresses
      binary("\x21\x11", kIp4.substr(1)),  // too short for its addresses
      kSignature + "\x21\x11\x0f\xf1",     // longer than anybody needs
      binary("\x21\x31", std::string(215, 'u')),
  };
  for (const std::string& bytes : cases) EXPECT_EQ(source_of(bytes), "failed") << bytes;
}

}  // namespace
}  // namespace dujiang::adapters::net
