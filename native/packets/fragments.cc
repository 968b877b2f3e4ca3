// SPDX-License-Identifier: Apache-2.0
#include "fragments.h"

#include <algorithm>
#include <cstring>

namespace spanloom::packets {
namespace {

std::array<uint32_t, kMaxTunnels> tunnel_ids(const Frame& frame) {
  std::array<uint32_t, kMaxTunnels> ids{};
  for (size_t index = 0; index < frame.fragment.tunnel_count; index++) ids[index] = frame.tunnels[index].id;
  return ids;
}

// The header of the first fragment as that of the whole packet. Lengths of 0: up to the end.
void mend_header(std::vector<uint8_t>& header, const Fragment& fragment) {
  if (fragment.source.size == 4) {
    std::memset(header.data() + 2, 0, 2);
    std::memset(header.data() + 6, 0, 2);
  } else {
    std::memset(header.data() + 4, 0, 2);
    std::memset(header.data() + fragment.fragment_header_at - fragment.header_at + 2, 0, 2);
  }
}

}  // namespace

std::list<Fragments::Packet>::iterator Fragments::find(const Frame& frame, InterfaceId interface, int64_t now_ns) {
  const Fragment& fragment = frame.fragment;
  const std::array<uint32_t, kMaxTunnels> ids = tunnel_ids(frame);
  const auto found = std::find_if(packets_.begin(), packets_.end(), [&](const Packet& packet) {
    const Fragment& key = packet.key;
    // Fragments of IPv6 belong together whatever protocol they name (RFC 8200, 4.5).
    return key.id == fragment.id && key.source == fragment.source && key.destination == fragment.destination &&
           (key.protocol == fragment.protocol || key.source.size == 16) && packet.interface == interface &&
           key.tunnel_count == fragment.tunnel_count && packet.tunnel_ids == ids;
  });
  if (found != packets_.end()) return found;
  if (packets_.size() == kMaxPackets) {
    packets_.pop_front();
    counts_.incomplete++;
  }
  Packet& packet = packets_.emplace_back();
  packet.key = fragment;
  packet.interface = interface;
  packet.tunnel_ids = ids;
  packet.began_ns = now_ns;
  return std::prev(packets_.end());
}

void Fragments::take(Packet& packet, std::span<const uint8_t> bytes, const Frame& frame) {
  const Fragment& fragment = frame.fragment;
  const uint8_t* payload = bytes.data() + fragment.payload_at;
  const size_t end = size_t{fragment.offset} + fragment.payload_length;
  if (fragment.is_last && packet.length == 0) packet.length = end;
  if (packet.payload.size() < end) packet.payload.resize(end);
  bool is_conflicting = false;
  for (size_t at = 0; at < fragment.payload_length; at += kUnit) {
    const size_t size = std::min<size_t>(kUnit, fragment.payload_length - at);
    const size_t unit = (fragment.offset + at) / kUnit;
    uint8_t* into = packet.payload.data() + fragment.offset + at;
    if (packet.units[unit]) {
      is_conflicting |= std::memcmp(into, payload + at, size) != 0;
      continue;
    }
    std::memcpy(into, payload + at, size);
    packet.units[unit] = true;
  }
  if (is_conflicting) counts_.conflicting++;
  if (fragment.offset == 0 && !packet.has_first) {
    packet.has_first = true;
    packet.first = frame;
    packet.header.assign(bytes.data() + fragment.header_at, payload);
    mend_header(packet.header, fragment);
  }
}

Fragments::Outcome Fragments::add(std::span<const uint8_t> bytes, InterfaceId interface, int64_t now_ns, Frame& frame) {
  while (!packets_.empty() && now_ns - packets_.front().began_ns > kTimeoutNs) {
    packets_.pop_front();
    counts_.incomplete++;
  }
  const Fragment& fragment = frame.fragment;
  counts_.fragments++;
  const size_t captured = bytes.size() - fragment.payload_at;
  const bool is_whole = fragment.payload_length > 0 && fragment.payload_length <= captured &&
                        fragment.offset + size_t{fragment.payload_length} <= kMaxBytes &&
                        (fragment.is_last || fragment.payload_length % kUnit == 0);
  if (!is_whole) {
    counts_.unusable++;
    return Outcome::kUnusable;
  }
  const auto place = find(frame, interface, now_ns);
  Packet& packet = *place;
  take(packet, bytes, frame);
  if (!packet.has_first || packet.length == 0) return Outcome::kWaiting;
  // All units up to the end; those behind it, of fragments that do not agree where that is, do not count.
  for (size_t unit = 0; unit < (packet.length + kUnit - 1) / kUnit; unit++)
    if (!packet.units[unit]) return Outcome::kWaiting;
  joined_.assign(packet.header.begin(), packet.header.end());
  joined_.insert(joined_.end(), packet.payload.begin(), packet.payload.begin() + static_cast<ptrdiff_t>(packet.length));
  frame = packet.first;
  packets_.erase(place);
  counts_.joined++;
  parse_joined_packet(joined_, frame);
  return Outcome::kJoined;
}

}  // namespace spanloom::packets
