// SPDX-License-Identifier: Apache-2.0
//
// How parse_frame() goes from header to header. A function for each reads it at the parser's place, moves behind it and
// calls the next one; all end because each moves on, and nesting ends at kMaxTunnels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "byte-order.h"
#include "frame.h"

namespace spanloom::packets {

class FrameParser {
 public:
  FrameParser(std::span<const uint8_t> bytes, size_t wire_length, Frame& frame)
      : bytes_(bytes), end_(wire_length), frame_(frame) {}

  Unparsed link(uint16_t link_type);
  Unparsed ip();

 private:
  // frame-link.cc
  Unparsed ethernet(LinkHeader& header);
  Unparsed ether_type(uint16_t type, LinkHeader& header);
  Unparsed cooked();
  Unparsed cooked2();
  Unparsed loopback();
  Unparsed nflog();
  Unparsed pppoe();

  // frame-network.cc
  Unparsed ipv4();
  Unparsed ipv6();
  bool reads_jumbo_length(size_t extension_end);
  Unparsed fragment(uint8_t protocol, uint32_t offset, bool is_last, size_t header_at, size_t fragment_header_at);
  Unparsed protocol(uint8_t number);

  // frame-transport.cc
  Unparsed tcp();
  void tcp_options(size_t end);
  Unparsed udp();
  Unparsed icmp(Protocol protocol);
  void quoted(size_t at);
  void payload();

  // frame-tunnel.cc
  bool enter(TunnelType type, uint32_t id);
  // Whether the payload of UDP is a tunnel; then `outcome` is what came of it.
  bool udp_tunnel(Unparsed& outcome);
  bool vxlan(Unparsed& outcome);
  bool vxlan_gpe(Unparsed& outcome);
  bool geneve(Unparsed& outcome);
  Unparsed gre();
  Unparsed erspan(TunnelType type, size_t header);
  Unparsed mpls();
  Unparsed gpe_protocol(uint8_t number);
  Unparsed inner_ethernet();

  bool has(size_t count) const { return bytes_.size() - at_ >= count; }
  // `offset` from the parser's place on; the caller has checked has().
  uint8_t byte(size_t offset) const { return bytes_[at_ + offset]; }
  const uint8_t* here(size_t offset = 0) const { return bytes_.data() + at_ + offset; }
  // Bytes on the wire from here to the end of what encloses this.
  size_t rest() const { return end_ > at_ ? end_ - at_ : 0; }

  const std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  // Where the enclosing header says that this ends, counted as at_; may lie behind what was captured.
  size_t end_;
  // Within the first fragment of a packet: what follows is longer than it seems, and lengths inside are to be believed.
  bool is_open_ended_ = false;
  Frame& frame_;
};

}  // namespace spanloom::packets
