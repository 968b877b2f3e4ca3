// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "frame-parser.h"

namespace spanloom::packets {
namespace {

// https://www.tcpdump.org/linktypes.html
constexpr uint16_t kNull = 0;
constexpr uint16_t kEthernet = 1;
// Numbers that raw IP has in files of some systems.
constexpr uint16_t kRawOfLinux = 12;
constexpr uint16_t kRawOfOpenBsd = 14;
constexpr uint16_t kRaw = 101;
constexpr uint16_t kLoop = 108;
constexpr uint16_t kCooked = 113;
constexpr uint16_t kIpv4 = 228;
constexpr uint16_t kIpv6 = 229;
constexpr uint16_t kNflog = 239;
constexpr uint16_t kCooked2 = 276;

// Attributes of NFLOG: NFULA_IFINDEX_INDEV, NFULA_IFINDEX_OUTDEV and NFULA_PAYLOAD (Linux, nfnetlink_log).
constexpr uint16_t kInputInterface = 4;
constexpr uint16_t kOutputInterface = 5;
constexpr uint16_t kNflogPayload = 9;

// Of PPP (https://www.iana.org/assignments/ppp-numbers).
constexpr uint16_t kIpv4InPpp = 0x0021;
constexpr uint16_t kIpv6InPpp = 0x0057;
constexpr uint16_t kMplsInPpp = 0x0281;
constexpr uint16_t kMplsMulticastInPpp = 0x0283;

bool is_vlan(uint16_t type) { return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200; }

}  // namespace

Unparsed FrameParser::link(uint16_t link_type) {
  switch (link_type) {
    case kEthernet:
      return ethernet(frame_.link);
    case kCooked:
      return cooked();
    case kCooked2:
      return cooked2();
    case kRaw:
    case kRawOfLinux:
    case kRawOfOpenBsd:
    case kIpv4:
    case kIpv6:
      return ip();
    case kNull:
    case kLoop:
      return loopback();
    case kNflog:
      return nflog();
    default:
      return Unparsed::kLinkType;
  }
}

Unparsed FrameParser::ethernet(LinkHeader& header) {
  if (!has(14)) return Unparsed::kTruncated;
  std::copy_n(here(), 6, header.destination.begin());
  std::copy_n(here(6), 6, header.source.begin());
  header.has_source = true;
  header.has_destination = true;
  const uint16_t type = load_be16(here(12));
  at_ += 14;
  return ether_type(type, header);
}

Unparsed FrameParser::ether_type(uint16_t type, LinkHeader& header) {
  while (is_vlan(type)) {
    if (!has(4)) return Unparsed::kTruncated;
    if (header.vlan_count == kMaxVlans) return Unparsed::kVlans;
    header.vlans[header.vlan_count++] = load_be16(here()) & 0xfff;
    type = load_be16(here(2));
    at_ += 4;
  }
  switch (type) {
    case 0x0800:
      return ipv4();
    case 0x86dd:
      return ipv6();
    case 0x8847:
    case 0x8848:
      return mpls();
    case 0x8864:
      return pppoe();
    default:
      return Unparsed::kNotIp;
  }
}

// RFC 2516, in its session stage.
Unparsed FrameParser::pppoe() {
  if (!has(8)) return Unparsed::kTruncated;
  const size_t length = load_be16(here(4));
  // Version 1 and type 1; code 0 is data. Its length counts the protocol's number.
  if (byte(0) != 0x11 || byte(1) != 0) return Unparsed::kNotIp;
  if (length < 2 || length > rest() - 6) return Unparsed::kMalformed;
  const uint16_t type = load_be16(here(6));
  at_ += 8;
  end_ = std::min(end_, at_ + length - 2);
  switch (type) {
    case kIpv4InPpp:
      return ipv4();
    case kIpv6InPpp:
      return ipv6();
    case kMplsInPpp:
    case kMplsMulticastInPpp:
      return mpls();
    default:
      return Unparsed::kNotIp;
  }
}

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
Unparsed FrameParser::cooked() {
  if (!has(16)) return Unparsed::kTruncated;
  const uint16_t packet_type = load_be16(here());
  if (packet_type <= static_cast<uint16_t>(PacketType::kOutgoing))
    frame_.packet_type = static_cast<PacketType>(packet_type);
  if (load_be16(here(4)) == frame_.link.source.size()) {
    std::copy_n(here(6), frame_.link.source.size(), frame_.link.source.begin());
    frame_.link.has_source = true;
  }
  const uint16_t type = load_be16(here(14));
  at_ += 16;
  return ether_type(type, frame_.link);
}

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
Unparsed FrameParser::cooked2() {
  if (!has(20)) return Unparsed::kTruncated;
  const uint16_t type = load_be16(here());
  frame_.interface_index = load_be32(here(4));
  if (byte(10) <= static_cast<uint8_t>(PacketType::kOutgoing)) frame_.packet_type = static_cast<PacketType>(byte(10));
  if (byte(11) == frame_.link.source.size()) {
    std::copy_n(here(12), frame_.link.source.size(), frame_.link.source.begin());
    frame_.link.has_source = true;
  }
  at_ += 20;
  return ether_type(type, frame_.link);
}

// https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: attributes, of which one is the packet. Their numbers have the byte order
// of the host that captured; it is told by types, which are all below 256.
Unparsed FrameParser::nflog() {
  if (!has(4)) return Unparsed::kTruncated;
  if (byte(1) != 0) return Unparsed::kMalformed;
  at_ += 4;
  for (;;) {
    if (!has(4)) return rest() < 4 ? Unparsed::kNotIp : Unparsed::kTruncated;
    const bool is_little = byte(3) == 0;
    const size_t length = is_little ? byte(0) | byte(1) << 8 : load_be16(here());
    const uint16_t type = is_little ? byte(2) : load_be16(here(2));
    if (length < 4 || length > rest()) return Unparsed::kMalformed;
    if (type == kNflogPayload) {
      end_ = std::min(end_, at_ + length);
      at_ += 4;
      if (!has(1)) return rest() == 0 ? Unparsed::kNotIp : Unparsed::kTruncated;
      const int version = byte(0) >> 4;
      return version == 4 || version == 6 ? ip() : Unparsed::kNotIp;
    }
    // Of a packet that is forwarded it has both: where it came from.
    if (type == kInputInterface || (type == kOutputInterface && frame_.interface_index == 0))
      if (length == 8 && has(8)) frame_.interface_index = load_be32(here(4));
    const size_t padded = (length + 3) & ~size_t{3};
    if (!has(padded)) return Unparsed::kTruncated;
    at_ += padded;
  }
}

// Four bytes name the address family as the host that captured numbers and orders it, which the file does not say: the
// version of IP does instead.
Unparsed FrameParser::loopback() {
  if (!has(4)) return Unparsed::kTruncated;
  const uint32_t family = load_be32(here());
  const uint32_t number = family > 0xffff ? __builtin_bswap32(family) : family;
  // AF_INET, and AF_INET6 of Linux, NetBSD, FreeBSD and macOS.
  if (number != 2 && number != 10 && number != 24 && number != 28 && number != 30) return Unparsed::kNotIp;
  at_ += 4;
  return ip();
}

}  // namespace spanloom::packets
