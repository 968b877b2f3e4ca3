// SPDX-License-Identifier: Apache-2.0
//
// IPv4 (RFC 791) and IPv6 (RFC 8200, jumbograms: RFC 2675). A total length of 0 is what a host writes that leaves
// segmentation to its card, or a packet of BIG TCP: then the packet ends with the frame.
#include <algorithm>

#include "frame-parser.h"

namespace spanloom::packets {
namespace {

constexpr int kMaxExtensions = 16;

constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragmentHeader = 44;
constexpr uint8_t kAuthentication = 51;
constexpr uint8_t kDestination = 60;
constexpr uint8_t kMobility = 135;
constexpr uint8_t kHostIdentity = 139;
constexpr uint8_t kShim6 = 140;
constexpr uint8_t kJumboOption = 0xc2;

bool is_extension(uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragmentHeader || header == kAuthentication ||
         header == kDestination || header == kMobility || header == kHostIdentity || header == kShim6;
}

void set_address(Address& address, const uint8_t* from, uint8_t size) {
  address = {};
  std::copy_n(from, size, address.bytes.begin());
  address.size = size;
}

}  // namespace

Unparsed FrameParser::ip() {
  if (!has(1)) return Unparsed::kTruncated;
  const int version = byte(0) >> 4;
  if (version == 4) return ipv4();
  return version == 6 ? ipv6() : Unparsed::kMalformed;
}

Unparsed FrameParser::ipv4() {
  if (!has(20)) return Unparsed::kTruncated;
  const size_t header = static_cast<size_t>(byte(0) & 15) * 4;
  const size_t total = load_be16(here(2));
  if (byte(0) >> 4 != 4 || header < 20 || header > rest() || (total != 0 && total < header)) return Unparsed::kMalformed;
  frame_.ip_version = 4;
  frame_.hop_limit = byte(8);
  frame_.ip_id = load_be16(here(4));
  set_address(frame_.source, here(12), 4);
  set_address(frame_.destination, here(16), 4);
  const uint16_t flags = load_be16(here(6));
  const uint8_t number = byte(9);
  if (total != 0) end_ = is_open_ended_ ? at_ + total : std::min(end_, at_ + total);
  if (!has(header)) return Unparsed::kTruncated;
  const size_t header_at = at_;
  at_ += header;
  const uint32_t offset = (flags & 0x1fffu) * 8;
  const bool is_last = (flags & 0x2000) == 0;
  if (offset == 0 && is_last) return protocol(number);
  return fragment(number, offset, is_last, header_at, 0);
}

Unparsed FrameParser::ipv6() {
  if (!has(40)) return Unparsed::kTruncated;
  if (byte(0) >> 4 != 6) return Unparsed::kMalformed;
  frame_.ip_version = 6;
  frame_.hop_limit = byte(7);
  frame_.ip_id = 0;
  set_address(frame_.source, here(8), 16);
  set_address(frame_.destination, here(24), 16);
  const size_t length = load_be16(here(4));
  uint8_t next = byte(6);
  const size_t header_at = at_;
  at_ += 40;
  if (length != 0) end_ = is_open_ended_ ? at_ + length : std::min(end_, at_ + length);
  for (int count = 0; is_extension(next); count++) {
    if (count == kMaxExtensions) return Unparsed::kExtensions;
    if (!has(8)) return Unparsed::kTruncated;
    const uint8_t after = byte(0);
    if (next == kFragmentHeader) {
      const uint16_t place = load_be16(here(2));
      const size_t fragment_header_at = at_;
      frame_.ip_id = load_be32(here(4));
      at_ += 8;
      // A packet whose only fragment has all of it (RFC 6946) is none.
      if ((place & 0xfff9) != 0)
        return fragment(after, place & 0xfff8u, (place & 1) == 0, header_at, fragment_header_at);
    } else {
      const size_t size = next == kAuthentication ? (size_t{byte(1)} + 2) * 4 : (size_t{byte(1)} + 1) * 8;
      if (size > rest()) return Unparsed::kMalformed;
      if (!has(size)) return Unparsed::kTruncated;
      if (next == kHopByHop && length == 0 && !reads_jumbo_length(at_ + size)) return Unparsed::kMalformed;
      at_ += size;
    }
    next = after;
  }
  return protocol(next);
}

// False for a length that is impossible. Without the option the packet ends with the frame.
bool FrameParser::reads_jumbo_length(size_t extension_end) {
  for (size_t option = at_ + 2; option + 6 <= extension_end;) {
    if (bytes_[option] == 0) {
      option++;
      continue;
    }
    if (bytes_[option] == kJumboOption && bytes_[option + 1] == 4) {
      const size_t length = load_be32(bytes_.data() + option + 2);
      // It counts the extension headers.
      if (length < extension_end - at_) return false;
      end_ = is_open_ended_ ? at_ + length : std::min(end_, at_ + length);
      return true;
    }
    option += size_t{bytes_[option + 1]} + 2;
  }
  return true;
}

// Only the outermost fragment is described: once it is joined with the others, what it contains is read anew.
Unparsed FrameParser::fragment(uint8_t number, uint32_t offset, bool is_last, size_t header_at,
                               size_t fragment_header_at) {
  if (!frame_.fragment.is_one) {
    Fragment& fragment = frame_.fragment;
    fragment.is_one = true;
    fragment.is_last = is_last;
    fragment.protocol = number;
    fragment.id = frame_.ip_id;
    fragment.source = frame_.source;
    fragment.destination = frame_.destination;
    fragment.offset = offset;
    fragment.tunnel_count = frame_.tunnel_count;
    fragment.header_at = static_cast<uint32_t>(header_at);
    fragment.fragment_header_at = static_cast<uint32_t>(fragment_header_at);
    fragment.payload_at = static_cast<uint32_t>(at_);
    fragment.payload_length = static_cast<uint32_t>(rest());
  }
  if (offset != 0) return Unparsed::kFragment;
  is_open_ended_ = true;
  return protocol(number);
}

Unparsed FrameParser::protocol(uint8_t number) {
  switch (number) {
    case 6:
      return tcp();
    case 17:
      return udp();
    case 1:
      return icmp(Protocol::kIcmp);
    case 58:
      return icmp(Protocol::kIcmpv6);
    case 4:
      return enter(TunnelType::kIpip, 0) ? ipv4() : Unparsed::kTunnels;
    case 41:
      return enter(TunnelType::kIpip, 0) ? ipv6() : Unparsed::kTunnels;
    case 47:
      return gre();
    case 137:
      return mpls();
    default:
      return Unparsed::kProtocol;
  }
}

}  // namespace spanloom::packets
