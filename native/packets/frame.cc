// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <algorithm>

#include "frame-parser.h"

namespace spanloom::packets {

void parse_frame(std::span<const uint8_t> bytes, uint32_t wire_length, uint16_t link_type, Frame& frame) {
  frame = {};
  frame.unparsed = FrameParser(bytes, std::max<size_t>(wire_length, bytes.size()), frame).link(link_type);
}

void parse_joined_packet(std::span<const uint8_t> bytes, Frame& frame) {
  Frame joined;
  joined.packet_type = frame.packet_type;
  joined.interface_index = frame.interface_index;
  joined.link = frame.link;
  // Of Ethernet around the fragment; without a tunnel around it there is none.
  joined.has_inner_link = frame.has_inner_link && frame.fragment.tunnel_count > 0;
  if (joined.has_inner_link) joined.inner_link = frame.inner_link;
  joined.tunnel_count = frame.fragment.tunnel_count;
  std::copy_n(frame.tunnels.begin(), joined.tunnel_count, joined.tunnels.begin());
  frame = joined;
  frame.unparsed = FrameParser(bytes, bytes.size(), frame).ip();
}

}  // namespace spanloom::packets
