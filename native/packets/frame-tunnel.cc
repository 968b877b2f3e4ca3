// SPDX-License-Identifier: Apache-2.0
//
// VXLAN (RFC 7348), VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe), NSH (RFC 8300), GENEVE (RFC 8926), GRE (RFC 2784, RFC 2890),
// ERSPAN (draft-foschiano-erspan), MPLS (RFC 3032, in IP and GRE: RFC 4023, in UDP: RFC 7510, Ethernet in it: RFC 4448).
#include <algorithm>

#include "frame-parser.h"

namespace spanloom::packets {
namespace {

// Of IANA, of Linux before that, of Weave Net.
constexpr uint16_t kVxlanPorts[] = {4789, 8472, 6784};
constexpr uint16_t kVxlanGpePort = 4790;
constexpr uint16_t kGenevePort = 6081;
// Without DTLS, which has another port.
constexpr uint16_t kMplsPort = 6635;

constexpr uint16_t kEthernetInGre = 0x6558;
constexpr uint16_t kErspan12InGre = 0x88be;
constexpr uint16_t kErspan3InGre = 0x22eb;
constexpr uint16_t kMplsInGre = 0x8847;
constexpr uint16_t kMplsMulticastInGre = 0x8848;

constexpr uint8_t kNshInGpe = 4;
constexpr int kMaxLabels = 16;

}  // namespace

// False: there are as many tunnels as are opened. What was read of IP becomes the tunnel's.
bool FrameParser::enter(TunnelType type, uint32_t id) {
  if (frame_.tunnel_count == kMaxTunnels) return false;
  frame_.tunnels[frame_.tunnel_count++] = {type, id, frame_.source, frame_.destination};
  frame_.ip_version = 0;
  frame_.source = {};
  frame_.destination = {};
  frame_.protocol = Protocol::kNone;
  frame_.source_port = 0;
  frame_.destination_port = 0;
  return true;
}

Unparsed FrameParser::inner_ethernet() {
  frame_.has_inner_link = true;
  frame_.inner_link = {};
  return ethernet(frame_.inner_link);
}

// By the destination's port alone: the source's is a hash of what is inside.
bool FrameParser::udp_tunnel(Unparsed& outcome) {
  const uint16_t port = frame_.destination_port;
  const bool is_vxlan = std::find(std::begin(kVxlanPorts), std::end(kVxlanPorts), port) != std::end(kVxlanPorts);
  if ((!is_vxlan && port != kVxlanGpePort && port != kGenevePort && port != kMplsPort) || rest() < 8) return false;
  outcome = Unparsed::kTruncated;
  if (!has(8)) return true;
  if (port == kMplsPort) {
    outcome = mpls();
    return true;
  }
  if (is_vxlan) return vxlan(outcome);
  return port == kVxlanGpePort ? vxlan_gpe(outcome) : geneve(outcome);
}

bool FrameParser::vxlan(Unparsed& outcome) {
  // The flag says that there is a VNI; of the others, and of reserved bytes, extensions make use.
  if ((byte(0) & 0x08) == 0 || byte(7) != 0) return false;
  const uint32_t id = load_be24(here(4));
  outcome = Unparsed::kTunnels;
  if (!enter(TunnelType::kVxlan, id)) return true;
  at_ += 8;
  outcome = inner_ethernet();
  return true;
}

bool FrameParser::vxlan_gpe(Unparsed& outcome) {
  // Version 0, a VNI, and a next protocol.
  if ((byte(0) & 0x3c) != 0x0c) return false;
  const uint8_t next = byte(3);
  const uint32_t id = load_be24(here(4));
  outcome = Unparsed::kTunnels;
  if (!enter(TunnelType::kVxlanGpe, id)) return true;
  at_ += 8;
  outcome = gpe_protocol(next);
  return true;
}

Unparsed FrameParser::gpe_protocol(uint8_t number) {
  // One service header: a second one within it is not read.
  if (number == kNshInGpe) {
    if (!has(8)) return Unparsed::kTruncated;
    const size_t header = static_cast<size_t>(byte(1) & 0x3f) * 4;
    number = byte(3);
    if (byte(0) >> 6 != 0 || header < 8 || header > rest()) return Unparsed::kMalformed;
    if (!has(header)) return Unparsed::kTruncated;
    at_ += header;
  }
  switch (number) {
    case 1:
      return ipv4();
    case 2:
      return ipv6();
    case 3:
      return inner_ethernet();
    case 5:
      return mpls();
    default:
      return Unparsed::kTunnel;
  }
}

bool FrameParser::geneve(Unparsed& outcome) {
  if (byte(0) >> 6 != 0) return false;
  const size_t header = 8 + static_cast<size_t>(byte(0) & 0x3f) * 4;
  const uint16_t type = load_be16(here(2));
  const uint32_t id = load_be24(here(4));
  if (header > rest()) return false;
  outcome = Unparsed::kTunnels;
  if (!enter(TunnelType::kGeneve, id)) return true;
  outcome = Unparsed::kTruncated;
  if (!has(header)) return true;
  at_ += header;
  if (type == kEthernetInGre) outcome = inner_ethernet();
  else if (type == 0x0800) outcome = ipv4();
  else outcome = type == 0x86dd ? ipv6() : Unparsed::kTunnel;
  return true;
}

Unparsed FrameParser::gre() {
  if (!has(4)) return Unparsed::kTruncated;
  const uint16_t flags = load_be16(here());
  const uint16_t type = load_be16(here(2));
  // Version 0 only, and no routing, which RFC 2784 took out.
  if ((flags & 0x4007) != 0) return Unparsed::kTunnel;
  size_t header = 4;
  if ((flags & 0x8000) != 0) header += 4;
  const size_t key_at = header;
  const bool has_key = (flags & 0x2000) != 0;
  if (has_key) header += 4;
  const bool has_sequence = (flags & 0x1000) != 0;
  if (has_sequence) header += 4;
  if (header > rest()) return Unparsed::kMalformed;
  if (!has(header)) return Unparsed::kTruncated;
  const uint32_t key = has_key ? load_be32(here(key_at)) : 0;
  if (type == kErspan12InGre) return erspan(has_sequence ? TunnelType::kErspan2 : TunnelType::kErspan1, header);
  if (type == kErspan3InGre) return erspan(TunnelType::kErspan3, header);
  if (!enter(type == kEthernetInGre ? TunnelType::kTeb : TunnelType::kGre, key)) return Unparsed::kTunnels;
  at_ += header;
  switch (type) {
    case kEthernetInGre:
      return inner_ethernet();
    case 0x0800:
      return ipv4();
    case 0x86dd:
      return ipv6();
    case kMplsInGre:
    case kMplsMulticastInGre:
      return mpls();
    default:
      return Unparsed::kTunnel;
  }
}

// `header`: length of GRE's. Type I has no header of its own.
Unparsed FrameParser::erspan(TunnelType type, size_t header) {
  at_ += header;
  if (type == TunnelType::kErspan1) return enter(type, 0) ? inner_ethernet() : Unparsed::kTunnels;
  size_t own = type == TunnelType::kErspan2 ? 8 : 12;
  if (!has(own)) return Unparsed::kTruncated;
  // The version is 1 for type II and 2 for type III.
  if (byte(0) >> 4 != (type == TunnelType::kErspan2 ? 1 : 2)) return Unparsed::kTunnel;
  const uint32_t session = load_be16(here(2)) & 0x3ff;
  // The last bit says that eight bytes follow which the platform defines.
  if (type == TunnelType::kErspan3 && (byte(11) & 1) != 0) own += 8;
  if (own > rest()) return Unparsed::kMalformed;
  if (!has(own)) return Unparsed::kTruncated;
  if (!enter(type, session)) return Unparsed::kTunnels;
  at_ += own;
  return inner_ethernet();
}

// What follows the labels is not named: IP is told by its version, and a control word by its zeros; else it is Ethernet.
Unparsed FrameParser::mpls() {
  uint32_t label = 0;
  for (int count = 0;; count++) {
    if (count == kMaxLabels) return Unparsed::kTunnel;
    if (!has(4)) return Unparsed::kTruncated;
    const uint32_t entry = load_be32(here());
    at_ += 4;
    label = entry >> 12;
    if ((entry & 0x100) != 0) break;
  }
  if (!enter(TunnelType::kMpls, label)) return Unparsed::kTunnels;
  if (!has(2)) return Unparsed::kTruncated;
  const int version = byte(0) >> 4;
  if (version == 4) return ipv4();
  if (version == 6) return ipv6();
  if (load_be16(here()) == 0) {
    if (!has(4)) return Unparsed::kTruncated;
    at_ += 4;
  }
  return inner_ethernet();
}

}  // namespace spanloom::packets
