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
constexpr uint16_t kCooked2 = 276;

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
