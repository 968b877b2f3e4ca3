// SPDX-License-Identifier: Apache-2.0
#include "network-lists.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

namespace spanloom::packets {
namespace {

std::string_view text_of(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

std::optional<Address> address_of(std::span<const uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address address;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  address.size = static_cast<uint8_t>(bytes.size());
  return address;
}

InterfaceKind kind_of(std::string_view kind, uint16_t hardware) {
  if (hardware == ARPHRD_LOOPBACK) return InterfaceKind::kLoopback;
  if (kind.empty()) return hardware == ARPHRD_ETHER ? InterfaceKind::kDevice : InterfaceKind::kOther;
  if (kind == "veth" || kind == "netkit") return InterfaceKind::kVirtualPair;
  if (kind == "tun" || kind == "macvtap") return InterfaceKind::kTap;
  if (kind == "bridge" || kind == "openvswitch") return InterfaceKind::kBridge;
  for (const std::string_view tunnel : {"vxlan", "geneve", "gre", "gretap", "ip6gre", "ip6gretap", "ipip", "ip6tnl", "sit",
                                        "erspan", "ip6erspan", "vti", "vti6", "xfrm", "wireguard", "gtp", "bareudp"})
    if (kind == tunnel) return InterfaceKind::kTunnel;
  return InterfaceKind::kOther;
}

}  // namespace

void add_address(std::vector<Address>& list, const std::optional<Address>& address) {
  if (address.has_value() && list.size() < kMaxInterfaceAddresses && std::find(list.begin(), list.end(), *address) == list.end())
    list.push_back(*address);
}

void LinkList::add(const ifinfomsg& info, const NetlinkAttributes& attributes) {
  if (links.size() >= kMaxInterfaces) return;
  const NetlinkAttributes details(attributes.find(IFLA_LINKINFO));
  Link link;
  link.interface.id.index = static_cast<uint32_t>(info.ifi_index);
  link.interface.name = text_of(attributes.find(IFLA_IFNAME));
  link.interface.kind = kind_of(text_of(details.find(IFLA_INFO_KIND)), info.ifi_type);
  link.interface.hardware = info.ifi_type;
  link.interface.is_up = (info.ifi_flags & IFF_UP) != 0;
  const auto mac = attributes.find(IFLA_ADDRESS);
  if (mac.size() == 6) link.interface.mac_address.assign(mac.begin(), mac.end());
  link.master = attributes.number(IFLA_MASTER).value_or(0);
  link.peer_index = attributes.number(IFLA_LINK).value_or(0);
  if (const auto id = attributes.number(IFLA_LINK_NETNSID)) link.peer_namespace = static_cast<int32_t>(*id);
  links.emplace(link.interface.id.index, std::move(link));
}

void AddressList::add(const ifaddrmsg& info, const NetlinkAttributes& attributes) {
  if (++entries > kMaxListEntries) return;
  // Of a point-to-point link IFA_ADDRESS is that of the other end.
  const auto local = attributes.find(IFA_LOCAL);
  const auto address = attributes.find(IFA_ADDRESS);
  add_address(own[info.ifa_index], address_of(local.empty() ? address : local));
  if (!local.empty() && !std::equal(local.begin(), local.end(), address.begin(), address.end()))
    add_address(peers[info.ifa_index], address_of(address));
}

void NeighbourList::add(const ndmsg& info, const NetlinkAttributes& attributes) {
  const auto mac = attributes.find(NDA_LLADDR);
  const std::optional<Address> address = address_of(attributes.find(NDA_DST));
  constexpr int kUseless = NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP;
  if (mac.size() != 6 || !address.has_value() || (info.ndm_state & kUseless) != 0 || ++entries > kMaxListEntries) return;
  const uint32_t index = static_cast<uint32_t>(info.ndm_ifindex);
  add_address(hosts[index], address);
  add_address(by_mac[{index, Mac(mac.begin(), mac.end())}], address);
}

ndmsg ForwardingList::question() {
  ndmsg bridges{};
  bridges.ndm_family = AF_BRIDGE;
  return bridges;
}

void ForwardingList::add(const ndmsg& info, const NetlinkAttributes& attributes) {
  const auto mac = attributes.find(NDA_LLADDR);
  // Permanent ones are the bridge's own.
  if (mac.size() != 6 || (info.ndm_state & NUD_PERMANENT) != 0 || ++entries > kMaxListEntries) return;
  behind[static_cast<uint32_t>(info.ndm_ifindex)].emplace_back(mac.begin(), mac.end());
}

void RouteList::add(const rtmsg& info, const NetlinkAttributes& attributes) {
  const std::optional<Address> address = address_of(attributes.find(RTA_DST));
  if (info.rtm_type != RTN_UNICAST || !address.has_value() || info.rtm_dst_len != address->size * 8) return;
  if (!attributes.find(RTA_GATEWAY).empty() || ++entries > kMaxListEntries) return;
  add_address(hosts[attributes.number(RTA_OIF).value_or(0)], address);
}

}  // namespace spanloom::packets
