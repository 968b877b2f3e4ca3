// SPDX-License-Identifier: Apache-2.0
#include "encode-frame.h"

#include "avro-write.h"

namespace spanloom::packets {
namespace {

// Numbers of at most ten bytes each, addresses, links and tunnels.
constexpr size_t kMaxEncodedFrame = 64 * 10 + 6 * kMaxEncodedAddress + 2 * kMaxEncodedLink + kMaxEncodedTunnels;

uint8_t* write_fragment(uint8_t* out, const Fragment& fragment) {
  out = write_boolean(out, fragment.is_one);
  if (!fragment.is_one) return out;
  out = write_boolean(out, fragment.is_last);
  out = write_long(out, fragment.id);
  out = write_long(out, fragment.offset);
  return write_long(out, fragment.payload_length);
}

uint8_t* write_tcp(uint8_t* out, const TcpHeader& tcp) {
  out = write_long(out, tcp.sequence);
  out = write_long(out, tcp.acknowledgment);
  out = write_long(out, tcp.flags);
  out = write_long(out, tcp.window);
  out = write_long(out, tcp.has_window_scale ? tcp.window_scale : -1);
  out = write_long(out, tcp.max_segment_size);
  out = write_boolean(out, tcp.has_timestamps);
  out = write_long(out, tcp.timestamp);
  out = write_long(out, tcp.timestamp_echo);
  out = write_boolean(out, tcp.may_sack);
  out = write_long(out, tcp.sack_count);
  for (size_t index = 0; index < tcp.sack_count; index++) {
    out = write_long(out, tcp.sacks[index].left);
    out = write_long(out, tcp.sacks[index].right);
  }
  return out;
}

uint8_t* write_icmp(uint8_t* out, const IcmpHeader& icmp) {
  out = write_long(out, icmp.type);
  out = write_long(out, icmp.code);
  out = write_boolean(out, icmp.has_quoted);
  if (!icmp.has_quoted) return out;
  out = write_long(out, icmp.quoted.protocol);
  out = write_address(out, icmp.quoted.source);
  out = write_address(out, icmp.quoted.destination);
  out = write_long(out, icmp.quoted.source_port);
  return write_long(out, icmp.quoted.destination_port);
}

}  // namespace

uint8_t* write_address(uint8_t* out, const Address& address) {
  return write_bytes(out, address.bytes.data(), address.size);
}

uint8_t* write_link(uint8_t* out, const LinkHeader& link) {
  out = write_bytes(out, link.destination.data(), link.has_destination ? link.destination.size() : 0);
  out = write_bytes(out, link.source.data(), link.has_source ? link.source.size() : 0);
  if (link.vlan_count > 0) {
    out = write_long(out, link.vlan_count);
    for (size_t index = 0; index < link.vlan_count; index++) out = write_long(out, link.vlans[index]);
  }
  return write_long(out, 0);
}

uint8_t* write_tunnels(uint8_t* out, std::span<const Tunnel> tunnels) {
  if (!tunnels.empty()) {
    out = write_long(out, static_cast<int64_t>(tunnels.size()));
    for (const Tunnel& tunnel : tunnels) {
      out = write_long(out, static_cast<int64_t>(tunnel.type));
      out = write_long(out, tunnel.id);
      out = write_address(out, tunnel.source);
      out = write_address(out, tunnel.destination);
    }
  }
  return write_long(out, 0);
}

void encode_frame(const CapturedPacket& packet, const Frame& frame, bool is_joined, Bytes& bytes) {
  uint8_t* out = bytes.reserve(kMaxEncodedFrame);
  out = write_long(out, packet.time_ns);
  out = write_long(out, packet.wire_length);
  out = write_long(out, static_cast<int64_t>(packet.bytes.size()));
  out = write_long(out, packet.interface.index);
  out = write_boolean(out, is_joined);
  out = write_long(out, static_cast<int64_t>(frame.unparsed));
  out = write_long(out, static_cast<int64_t>(frame.packet_type));
  out = write_long(out, frame.interface_index);
  out = write_link(out, frame.link);
  out = write_link(out, frame.inner_link);
  out = write_tunnels(out, {frame.tunnels.data(), frame.tunnel_count});
  out = write_long(out, frame.ip_version);
  out = write_long(out, frame.hop_limit);
  out = write_long(out, frame.ip_id);
  out = write_address(out, frame.source);
  out = write_address(out, frame.destination);
  out = write_fragment(out, frame.fragment);
  out = write_long(out, static_cast<int64_t>(frame.protocol));
  out = write_long(out, frame.source_port);
  out = write_long(out, frame.destination_port);
  if (frame.protocol == Protocol::kTcp) out = write_tcp(out, frame.tcp);
  if (frame.protocol == Protocol::kIcmp || frame.protocol == Protocol::kIcmpv6) out = write_icmp(out, frame.icmp);
  out = write_long(out, frame.payload_at);
  out = write_long(out, frame.payload_captured);
  out = write_long(out, frame.payload_length);
  bytes.advance_to(out);
}

}  // namespace spanloom::packets
