// SPDX-License-Identifier: Apache-2.0
//
// TCP (RFC 9293; options: RFC 7323, RFC 2018), UDP (RFC 768), ICMP (RFC 792, RFC 4443).
#include <algorithm>

#include "frame-parser.h"

namespace spanloom::packets {
namespace {

constexpr uint8_t kOptionEnd = 0;
constexpr uint8_t kOptionNothing = 1;
constexpr uint8_t kOptionSegmentSize = 2;
constexpr uint8_t kOptionWindowScale = 3;
constexpr uint8_t kOptionMaySack = 4;
constexpr uint8_t kOptionSack = 5;
constexpr uint8_t kOptionTimestamps = 8;

bool is_error(Protocol protocol, uint8_t type) {
  if (protocol == Protocol::kIcmpv6) return type < 128;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

}  // namespace

// All from here to the end.
void FrameParser::payload() {
  const size_t captured = std::min(bytes_.size() - at_, rest());
  frame_.payload_at = static_cast<uint32_t>(at_);
  frame_.payload_captured = static_cast<uint32_t>(captured);
  frame_.payload_length = static_cast<uint32_t>(rest());
}

Unparsed FrameParser::tcp() {
  if (!has(20)) return Unparsed::kTruncated;
  frame_.protocol = Protocol::kTcp;
  frame_.source_port = load_be16(here());
  frame_.destination_port = load_be16(here(2));
  TcpHeader& header = frame_.tcp;
  header.sequence = load_be32(here(4));
  header.acknowledgment = load_be32(here(8));
  header.flags = load_be16(here(12)) & 0x1ff;
  header.window = load_be16(here(14));
  const size_t length = static_cast<size_t>(byte(12) >> 4) * 4;
  if (length < 20 || length > rest()) return Unparsed::kMalformed;
  // Options that were not captured as a whole tell what they do; there is no payload then.
  const size_t captured = std::min(length, bytes_.size() - at_);
  tcp_options(at_ + captured);
  at_ += captured;
  if (captured < length) {
    frame_.payload_at = static_cast<uint32_t>(at_);
    frame_.payload_length = static_cast<uint32_t>(rest() - (length - captured));
    return Unparsed::kNothing;
  }
  payload();
  return Unparsed::kNothing;
}

void FrameParser::tcp_options(size_t end) {
  TcpHeader& header = frame_.tcp;
  for (size_t at = at_ + 20; at < end;) {
    const uint8_t kind = bytes_[at];
    if (kind == kOptionEnd) return;
    if (kind == kOptionNothing) {
      at++;
      continue;
    }
    if (at + 1 >= end) return;
    const size_t size = bytes_[at + 1];
    if (size < 2 || at + size > end) return;
    const uint8_t* value = bytes_.data() + at + 2;
    if (kind == kOptionSegmentSize && size == 4) header.max_segment_size = load_be16(value);
    if (kind == kOptionWindowScale && size == 3) {
      header.has_window_scale = true;
      header.window_scale = value[0];
    }
    if (kind == kOptionMaySack && size == 2) header.may_sack = true;
    if (kind == kOptionTimestamps && size == 10) {
      header.has_timestamps = true;
      header.timestamp = load_be32(value);
      header.timestamp_echo = load_be32(value + 4);
    }
    if (kind == kOptionSack && size >= 10 && (size - 2) % 8 == 0) {
      header.sack_count = static_cast<uint8_t>(std::min<size_t>((size - 2) / 8, header.sacks.size()));
      for (size_t index = 0; index < header.sack_count; index++)
        header.sacks[index] = {load_be32(value + index * 8), load_be32(value + index * 8 + 4)};
    }
    at += size;
  }
}

Unparsed FrameParser::udp() {
  if (!has(8)) return Unparsed::kTruncated;
  const size_t length = load_be16(here(4));
  // 0 in a jumbogram, and where segmentation is left to the card.
  if (length != 0 && length < 8) return Unparsed::kMalformed;
  if (rest() < 8) return Unparsed::kMalformed;
  if (length != 0) end_ = is_open_ended_ ? at_ + length : std::min(end_, at_ + length);
  frame_.protocol = Protocol::kUdp;
  frame_.source_port = load_be16(here());
  frame_.destination_port = load_be16(here(2));
  at_ += 8;
  Unparsed outcome = Unparsed::kNothing;
  if (udp_tunnel(outcome)) return outcome;
  payload();
  return Unparsed::kNothing;
}

Unparsed FrameParser::icmp(Protocol protocol) {
  if (!has(4)) return Unparsed::kTruncated;
  if (rest() < 4) return Unparsed::kMalformed;
  frame_.protocol = protocol;
  frame_.icmp.type = byte(0);
  frame_.icmp.code = byte(1);
  if (is_error(protocol, byte(0)) && has(8)) quoted(at_ + 8);
  at_ += std::min<size_t>(8, std::min(bytes_.size() - at_, rest()));
  payload();
  return Unparsed::kNothing;
}

// The beginning of a packet of which an error speaks. Its lengths are of no use: it is cut.
void FrameParser::quoted(size_t at) {
  const std::span<const uint8_t> bytes = bytes_.subspan(at);
  const bool is_ipv6 = frame_.icmp.type < 128 && frame_.protocol == Protocol::kIcmpv6;
  const size_t header = is_ipv6 ? 40 : bytes.empty() ? 20 : static_cast<size_t>(bytes[0] & 15) * 4;
  if (header < 20 || bytes.size() < header || bytes[0] >> 4 != (is_ipv6 ? 6 : 4)) return;
  QuotedPacket& packet = frame_.icmp.quoted;
  frame_.icmp.has_quoted = true;
  const size_t size = is_ipv6 ? 16 : 4;
  packet.protocol = is_ipv6 ? bytes[6] : bytes[9];
  packet.source.size = packet.destination.size = static_cast<uint8_t>(size);
  const uint8_t* addresses = bytes.data() + (is_ipv6 ? 8 : 12);
  std::copy_n(addresses, size, packet.source.bytes.begin());
  std::copy_n(addresses + size, size, packet.destination.bytes.begin());
  // Later fragments have no ports.
  const bool is_first = is_ipv6 || (load_be16(bytes.data() + 6) & 0x1fff) == 0;
  if (is_first && (packet.protocol == 6 || packet.protocol == 17) && bytes.size() >= header + 4) {
    packet.source_port = load_be16(bytes.data() + header);
    packet.destination_port = load_be16(bytes.data() + header + 2);
  }
}

}  // namespace spanloom::packets
