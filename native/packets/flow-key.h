// SPDX-License-Identifier: Apache-2.0
//
// What makes packets belong to one flow: both ends of the innermost packet, the tunnels around it, the interface. The ends are
// in ascending order, so that both directions have the same key.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "frame.h"
#include "packet-parser.h"

namespace spanloom::packets {

struct FlowEnd {
  Address address;
  uint16_t port = 0;

  friend bool operator==(const FlowEnd&, const FlowEnd&) = default;
};

struct FlowKey {
  std::array<FlowEnd, 2> ends;
  InterfaceId interface;
  std::array<uint32_t, kMaxTunnels> tunnel_ids{};
  std::array<uint8_t, kMaxTunnels> tunnel_types{};
  uint8_t tunnel_count = 0;
  Protocol protocol = Protocol::kNone;

  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

// The key of a packet, and which of the ends sent it.
struct FlowPlace {
  FlowKey key;
  uint8_t sender = 0;
};

inline FlowPlace flow_place(const ParsedPacket& packet) {
  const Frame& frame = packet.frame;
  FlowPlace place;
  const FlowEnd source{frame.source, frame.source_port};
  const FlowEnd destination{frame.destination, frame.destination_port};
  const int order = std::memcmp(source.address.bytes.data(), destination.address.bytes.data(), 16);
  place.sender = order > 0 || (order == 0 && source.port > destination.port) ? 1 : 0;
  place.key.ends[place.sender] = source;
  place.key.ends[1 - place.sender] = destination;
  // A cooked header names the interface where the file has one for all.
  place.key.interface = packet.interface;
  if (frame.interface_index != 0) place.key.interface.index = frame.interface_index;
  place.key.tunnel_count = frame.tunnel_count;
  for (size_t index = 0; index < frame.tunnel_count; index++) {
    place.key.tunnel_ids[index] = frame.tunnels[index].id;
    place.key.tunnel_types[index] = static_cast<uint8_t>(frame.tunnels[index].type);
  }
  place.key.protocol = frame.protocol;
  return place;
}

// With a seed that senders do not know, they cannot choose packets whose keys meet in one place.
inline uint64_t hash_of(const FlowKey& key, uint64_t seed) {
  uint64_t hash = seed;
  const auto mix = [&hash, seed](uint64_t value) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(hash ^ value ^ 0x9e3779b97f4a7c15) * (seed ^ 0xbf58476d1ce4e5b9);
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  for (const FlowEnd& end : key.ends) {
    uint64_t halves[2];
    std::memcpy(halves, end.address.bytes.data(), sizeof(halves));
    mix(halves[0]);
    mix(halves[1]);
    mix(end.port);
  }
  mix(static_cast<uint64_t>(key.tunnel_ids[0]) << 32 | key.tunnel_ids[1]);
  mix(static_cast<uint64_t>(key.interface.network_namespace) << 32 | key.interface.index);
  mix(static_cast<uint64_t>(key.tunnel_count) << 8 | static_cast<uint64_t>(key.protocol));
  return hash;
}

}  // namespace spanloom::packets
