// SPDX-License-Identifier: Apache-2.0
//
// The lists that rtnetlink gives of one network namespace. Each is made of the messages of one answer, and is bounded.
#pragma once

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "netlink-answer.h"
#include "network-interfaces.h"

namespace spanloom::packets {

using Mac = std::vector<uint8_t>;

// Of a list that has more of it.
inline constexpr size_t kMaxListEntries = 65'536;

// An interface, and how to find the other end of it.
struct Link {
  // Without addresses, and without the namespace in its id.
  NetworkInterface interface;
  uint32_t master = 0;
  uint32_t peer_index = 0;
  // How its namespace calls that of the other end; nothing: it is the same.
  std::optional<int32_t> peer_namespace;
};

struct LinkList {
  using Fixed = ifinfomsg;
  static constexpr uint16_t kQuestion = RTM_GETLINK;
  static constexpr uint16_t kAnswer = RTM_NEWLINK;
  static Fixed question() { return {}; }
  void add(const ifinfomsg& info, const NetlinkAttributes& attributes);

  // By number.
  std::map<uint32_t, Link> links;
};

struct AddressList {
  using Fixed = ifaddrmsg;
  static constexpr uint16_t kQuestion = RTM_GETADDR;
  static constexpr uint16_t kAnswer = RTM_NEWADDR;
  static Fixed question() { return {}; }
  void add(const ifaddrmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  // By interface: its own, and of point-to-point links that of the other end.
  std::unordered_map<uint32_t, std::vector<Address>> own;
  std::unordered_map<uint32_t, std::vector<Address>> peers;
};

struct NeighbourList {
  using Fixed = ndmsg;
  static constexpr uint16_t kQuestion = RTM_GETNEIGH;
  static constexpr uint16_t kAnswer = RTM_NEWNEIGH;
  static Fixed question() { return {}; }
  void add(const ndmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Address>> hosts;
  // For those behind ports of bridges.
  std::map<std::pair<uint32_t, Mac>, std::vector<Address>> by_mac;
};

// MAC addresses behind ports of bridges.
struct ForwardingList {
  using Fixed = ndmsg;
  static constexpr uint16_t kQuestion = RTM_GETNEIGH;
  static constexpr uint16_t kAnswer = RTM_NEWNEIGH;
  static Fixed question();
  void add(const ndmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Mac>> behind;
};

// Routes to one address each, by interface.
struct RouteList {
  using Fixed = rtmsg;
  static constexpr uint16_t kQuestion = RTM_GETROUTE;
  static constexpr uint16_t kAnswer = RTM_NEWROUTE;
  static Fixed question() { return {}; }
  void add(const rtmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Address>> hosts;
};

// Adds what is not there, up to kMaxInterfaceAddresses.
void add_address(std::vector<Address>& list, const std::optional<Address>& address);

}  // namespace spanloom::packets
