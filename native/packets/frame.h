// SPDX-License-Identifier: Apache-2.0
//
// What a frame says from its link layer up to the payload of TCP, UDP or ICMP: of the innermost packet, and of the tunnels
// around it. Nothing is allocated, and no checksum is verified: a host that sends leaves them to its network card.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace spanloom::packets {

// Where a packet was captured.
struct InterfaceId {
  // Inode number of the network namespace; 0: of a capture file.
  uint32_t network_namespace = 0;
  // The kernel's number there; of a capture file, which interface of its section.
  uint32_t index = 0;

  friend bool operator==(const InterfaceId&, const InterfaceId&) = default;
};

// Of IPv4 the first four bytes count.
struct Address {
  std::array<uint8_t, 16> bytes{};
  // 4 or 16; 0: none.
  uint8_t size = 0;

  friend bool operator==(const Address&, const Address&) = default;
};

// A third tunnel within two others is not opened.
inline constexpr size_t kMaxTunnels = 2;
// Tags of one Ethernet header.
inline constexpr size_t kMaxVlans = 4;

enum class TunnelType : uint8_t {
  kUnknown,
  kVxlan,
  // With or without NSH in it.
  kVxlanGpe,
  kGeneve,
  // IP in IP, of all four combinations of versions.
  kIpip,
  kGre,
  // Ethernet in GRE.
  kTeb,
  kErspan1,
  kErspan2,
  kErspan3,
  kMpls,
};

inline constexpr std::array<const char*, 11> kTunnelNames = {"unknown", "vxlan", "vxlan_gpe", "geneve",  "ipip", "gre",
                                                             "teb",     "erspan1", "erspan2", "erspan3", "mpls"};

struct Tunnel {
  TunnelType type = TunnelType::kUnknown;
  // VNI of VXLAN and GENEVE, key of GRE, session of ERSPAN, innermost label of MPLS; 0 where there is none.
  uint32_t id = 0;
  // None for MPLS that is in no IP packet.
  Address source;
  Address destination;
};

// Linux's numbers; the cooked headers tell them.
enum class PacketType : uint8_t { kToUs = 0, kBroadcast = 1, kMulticast = 2, kToOther = 3, kOutgoing = 4, kUnknown = 255 };

// An Ethernet header, or what a cooked one has of it.
struct LinkHeader {
  std::array<uint8_t, 6> source{};
  std::array<uint8_t, 6> destination{};
  // Which of both there are: cooked headers have no destination.
  bool has_source = false;
  bool has_destination = false;
  uint8_t vlan_count = 0;
  // Outermost first, 12 bits each.
  std::array<uint16_t, kMaxVlans> vlans{};
};

enum class Protocol : uint8_t { kNone = 0, kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58 };

namespace tcp_flag {
inline constexpr uint16_t kFin = 1;
inline constexpr uint16_t kSyn = 2;
inline constexpr uint16_t kReset = 4;
inline constexpr uint16_t kPush = 8;
inline constexpr uint16_t kAck = 16;
inline constexpr uint16_t kUrgent = 32;
}  // namespace tcp_flag

struct SackBlock {
  uint32_t left = 0;
  uint32_t right = 0;
};

struct TcpHeader {
  uint32_t sequence = 0;
  uint32_t acknowledgment = 0;
  // Nine bits.
  uint16_t flags = 0;
  // As sent, not scaled.
  uint16_t window = 0;
  bool has_window_scale = false;
  uint8_t window_scale = 0;
  // 0: none.
  uint16_t max_segment_size = 0;
  bool has_timestamps = false;
  uint32_t timestamp = 0;
  uint32_t timestamp_echo = 0;
  bool may_sack = false;
  uint8_t sack_count = 0;
  std::array<SackBlock, 4> sacks{};
};

// The packet that an ICMP error speaks of.
struct QuotedPacket {
  uint8_t protocol = 0;
  Address source;
  Address destination;
  // 0 where there are none.
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};

struct IcmpHeader {
  uint8_t type = 0;
  uint8_t code = 0;
  bool has_quoted = false;
  QuotedPacket quoted;
};

// A part of an IP packet; of the outermost packet that is one.
struct Fragment {
  bool is_one = false;
  bool is_last = false;
  uint8_t protocol = 0;
  // Of the packet.
  uint32_t id = 0;
  Address source;
  Address destination;
  // In bytes, of the packet's payload.
  uint32_t offset = 0;
  // Tunnels around it.
  uint8_t tunnel_count = 0;
  // Within the frame: IP header, with its extensions; fragment header of IPv6, or 0; payload.
  uint32_t header_at = 0;
  uint32_t fragment_header_at = 0;
  uint32_t payload_at = 0;
  uint32_t payload_length = 0;
};

// Why a frame has no payload to look at. A closed list: these are labels of a metric.
enum class Unparsed : uint8_t {
  kNothing,
  // The link type is none of those that are known.
  kLinkType,
  // What was captured ends within a header.
  kTruncated,
  // A length or a version that cannot be.
  kMalformed,
  // ARP, LLDP and the like.
  kNotIp,
  // More than kMaxVlans.
  kVlans,
  // More than 16 extension headers of IPv6.
  kExtensions,
  // More than kMaxTunnels.
  kTunnels,
  // A tunnel of a kind or with contents that are not known, such as PPTP.
  kTunnel,
  // Neither TCP nor UDP nor ICMP, such as ESP.
  kProtocol,
  // A part of a packet other than its first.
  kFragment,
};

inline constexpr std::array<const char*, 11> kUnparsedNames = {"parsed", "link_type",  "truncated", "malformed",
                                                               "not_ip", "vlans",      "extensions", "tunnels",
                                                               "tunnel", "protocol",   "fragment"};

struct Frame {
  Unparsed unparsed = Unparsed::kNothing;
  PacketType packet_type = PacketType::kUnknown;
  // Number of the interface that the cooked header names; 0: none.
  uint32_t interface_index = 0;
  // Of the frame as captured.
  LinkHeader link;
  // Of the innermost Ethernet frame in a tunnel.
  bool has_inner_link = false;
  LinkHeader inner_link;
  // Outermost first.
  uint8_t tunnel_count = 0;
  std::array<Tunnel, kMaxTunnels> tunnels{};
  // Of the innermost packet. 0: no IP header was read.
  uint8_t ip_version = 0;
  uint8_t hop_limit = 0;
  uint32_t ip_id = 0;
  Address source;
  Address destination;
  Fragment fragment;
  Protocol protocol = Protocol::kNone;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  TcpHeader tcp;
  IcmpHeader icmp;
  // Within the bytes of the frame.
  uint32_t payload_at = 0;
  uint32_t payload_captured = 0;
  // As the headers say, at least payload_captured.
  uint32_t payload_length = 0;
};

// Reads a frame of which `bytes` were captured. `wire_length`: at least as many.
void parse_frame(std::span<const uint8_t> bytes, uint32_t wire_length, uint16_t link_type, Frame& frame);

// Reads on in an IP packet that was joined (fragments.h); `frame` is that of its first fragment.
void parse_joined_packet(std::span<const uint8_t> bytes, Frame& frame);

}  // namespace spanloom::packets
