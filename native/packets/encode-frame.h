// SPDX-License-Identifier: Apache-2.0
//
// Frames in Avro's encoding, for tests and for looking at captures: all fields of frame.h in their order. What reads them is
// native/packets/testing/frames.ts.
#pragma once

#include "block.h"
#include "capture-file.h"
#include "frame.h"

namespace spanloom::packets {

// Appends one frame.
void encode_frame(const CapturedPacket& packet, const Frame& frame, bool is_joined, Bytes& out);

// Writes an address, or nothing of it, as Avro bytes.
uint8_t* write_address(uint8_t* out, const Address& address);
// MAC addresses of destination and source (6 bytes, or none where unknown), and an array of VLAN ids.
uint8_t* write_link(uint8_t* out, const LinkHeader& link);
// An array of tunnels: type, id, addresses of source and destination.
uint8_t* write_tunnels(uint8_t* out, std::span<const Tunnel> tunnels);

// What the above write at most.
inline constexpr size_t kMaxEncodedAddress = 10 + 16 + 10;
inline constexpr size_t kMaxEncodedLink = 2 * (10 + 6) + (kMaxVlans + 2) * 10;
inline constexpr size_t kMaxEncodedTunnels = 20 + kMaxTunnels * (20 + 2 * kMaxEncodedAddress);

}  // namespace spanloom::packets
