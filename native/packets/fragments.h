// SPDX-License-Identifier: Apache-2.0
//
// Joins the fragments of IP packets. Bounded: of kMaxPackets at a time, the one that began first gives way to another, and what
// is not complete after 30 s is given up. Of bytes that come twice the first ones count.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "frame.h"

namespace spanloom::packets {

class Fragments {
 public:
  static constexpr size_t kMaxPackets = 256;
  static constexpr int64_t kTimeoutNs = 30'000'000'000;

  struct Counts {
    // Fragments taken, packets joined.
    uint64_t fragments = 0;
    uint64_t joined = 0;
    // Packets given up: for want of fragments, or of room.
    uint64_t incomplete = 0;
    // Fragments that were not captured as a whole, or have impossible lengths.
    uint64_t unusable = 0;
    // Fragments that say other bytes than an earlier one.
    uint64_t conflicting = 0;
  };

  enum class Outcome : uint8_t {
    // More fragments are needed.
    kWaiting,
    // `frame` is now what is in the packet, with its bytes in joined(). It may itself be a fragment, of a packet in a tunnel.
    kJoined,
    // The fragment was not captured as a whole, or is none that can be: nothing is kept of it.
    kUnusable,
  };

  // Takes a fragment, `frame.fragment`, of an interface. `now_ns` never decreases.
  Outcome add(std::span<const uint8_t> bytes, InterfaceId interface, int64_t now_ns, Frame& frame);

  // Valid until the next add().
  std::span<const uint8_t> joined() const { return joined_; }
  const Counts& counts() const { return counts_; }

 private:
  static constexpr size_t kMaxBytes = 65'535;
  static constexpr size_t kUnit = 8;

  struct Packet {
    Frame first;
    Fragment key;
    InterfaceId interface;
    std::array<uint32_t, kMaxTunnels> tunnel_ids{};
    int64_t began_ns = 0;
    bool has_first = false;
    // Of the payload; 0: not known yet.
    size_t length = 0;
    std::vector<uint8_t> header;
    std::vector<uint8_t> payload;
    std::bitset<(kMaxBytes + kUnit) / kUnit> units;
  };

  std::list<Packet>::iterator find(const Frame& frame, InterfaceId interface, int64_t now_ns);
  void take(Packet& packet, std::span<const uint8_t> bytes, const Frame& frame);

  // In the order in which they began.
  std::list<Packet> packets_;
  std::vector<uint8_t> joined_;
  Counts counts_;
};

}  // namespace spanloom::packets
