// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tells of the interfaces of network namespaces: NetworkInterface of schemas/avro/event-batch.avsc.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"

namespace spanloom::packets {

enum class InterfaceKind : uint8_t { kOther, kLoopback, kDevice, kVirtualPair, kTap, kBridge, kTunnel };

inline constexpr std::array<const char*, 7> kInterfaceKindNames = {"other", "loopback", "device", "virtual_pair",
                                                                   "tap",   "bridge",   "tunnel"};

struct NetworkInterface {
  InterfaceId id;
  std::string name;
  InterfaceKind kind = InterfaceKind::kOther;
  // ARPHRD_…
  uint16_t hardware = 0;
  bool is_up = false;
  // 6 bytes, or none.
  std::vector<uint8_t> mac_address;
  std::vector<Address> addresses;
  std::vector<Address> peer_addresses;

  friend bool operator==(const NetworkInterface&, const NetworkInterface&) = default;
};

// Of each kind of fact about one interface.
inline constexpr size_t kMaxInterfaceAddresses = 256;
// Of all namespaces.
inline constexpr size_t kMaxInterfaces = 4096;

}  // namespace spanloom::packets
