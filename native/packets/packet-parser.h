// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "capture-file.h"
#include "fragments.h"
#include "frame.h"

namespace spanloom::packets {

// A packet as it was read, whatever it was read from.
struct ParsedPacket {
  const Frame& frame;
  // What the frame's places count from.
  std::span<const uint8_t> bytes;
  InterfaceId interface;
  int64_t time_ns;
  // Of the frame; of a joined packet that of its last fragment.
  uint32_t wire_length;
  // Put together out of fragments.
  bool is_joined;
};

// Reads packets, joins fragments, and counts by reason what cannot be read.
class PacketParser {
 public:
  using Counts = std::array<uint64_t, kUnparsedNames.size()>;

  // Calls `take` for each packet that has a payload to look at.
  template <typename Take>
  void parse(const CapturedPacket& packet, Take&& take) {
    parse_frame(packet.bytes, packet.wire_length, packet.link_type, frame_);
    if (packet.packet_type != PacketType::kUnknown) frame_.packet_type = packet.packet_type;
    if (packet.vlan >= 0) add_vlan(static_cast<uint16_t>(packet.vlan));
    now_ns_ = std::max(now_ns_, packet.time_ns);
    std::span<const uint8_t> bytes = packet.bytes;
    bool is_joined = false;
    while (frame_.fragment.is_one) {
      const Fragments::Outcome outcome = fragments_.add(bytes, packet.interface, now_ns_, frame_);
      if (outcome == Fragments::Outcome::kWaiting) {
        counts_[static_cast<size_t>(Unparsed::kFragment)]++;
        return;
      }
      // What was captured of the first fragment may do.
      if (outcome == Fragments::Outcome::kUnusable) break;
      bytes = fragments_.joined();
      is_joined = true;
    }
    counts_[static_cast<size_t>(frame_.unparsed)]++;
    if (frame_.unparsed == Unparsed::kNothing)
      take(ParsedPacket{frame_, bytes, packet.interface, packet.time_ns, packet.wire_length, is_joined});
  }

  // By reason; the first of them counts the packets that were parsed.
  const Counts& counts() const { return counts_; }
  const Fragments::Counts& fragments() const { return fragments_.counts(); }

 private:
  // The outermost tag.
  void add_vlan(uint16_t id) {
    LinkHeader& link = frame_.link;
    std::copy_backward(link.vlans.begin(), link.vlans.end() - 1, link.vlans.end());
    link.vlans[0] = id;
    link.vlan_count = static_cast<uint8_t>(std::min<size_t>(link.vlan_count + 1u, kMaxVlans));
  }

  Frame frame_;
  Fragments fragments_;
  Counts counts_{};
  int64_t now_ns_ = 0;
};

}  // namespace spanloom::packets
