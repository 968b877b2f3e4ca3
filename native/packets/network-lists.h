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

// What is asked for, and the fixed part of each message of the answer.
template <typename FixedPart, uint16_t Question, uint16_t Answer>
struct ListOf {
  using Fixed = FixedPart;
  static constexpr uint16_t kQuestion = Question;
  static constexpr uint16_t kAnswer = Answer;
  static Fixed question() { return {}; }
};

struct LinkList : ListOf<ifinfomsg, RTM_GETLINK, RTM_NEWLINK> {
  void add(const ifinfomsg& info, const NetlinkAttributes& attributes);

  // By number.
  std::map<uint32_t, Link> links;
};

struct AddressList : ListOf<ifaddrmsg, RTM_GETADDR, RTM_NEWADDR> {
  void add(const ifaddrmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  // By interface: its own, and of point-to-point links that of the other end.
  std::unordered_map<uint32_t, std::vector<Address>> own;
  std::unordered_map<uint32_t, std::vector<Address>> peers;
};

struct NeighbourList : ListOf<ndmsg, RTM_GETNEIGH, RTM_NEWNEIGH> {
  void add(const ndmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Address>> hosts;
  // For those behind ports of bridges.
  std::map<std::pair<uint32_t, Mac>, std::vector<Address>> by_mac;
};

// MAC addresses behind ports of bridges.
struct ForwardingList : ListOf<ndmsg, RTM_GETNEIGH, RTM_NEWNEIGH> {
  static Fixed question();
  void add(const ndmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Mac>> behind;
};

// Routes to one address each, by interface.
struct RouteList : ListOf<rtmsg, RTM_GETROUTE, RTM_NEWROUTE> {
  void add(const rtmsg& info, const NetlinkAttributes& attributes);

  size_t entries = 0;
  std::unordered_map<uint32_t, std::vector<Address>> hosts;
};

// Adds what is not there, up to kMaxInterfaceAddresses.
void add_address(std::vector<Address>& list, const std::optional<Address>& address);

}  // namespace spanloom::packets
