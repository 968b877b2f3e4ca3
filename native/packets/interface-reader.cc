// SPDX-License-Identifier: Apache-2.0
#include "network-interfaces.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "netlink.h"

namespace spanloom::packets {
namespace {

using Mac = std::vector<uint8_t>;

// An interface, and how to find the other end of it.
struct Link {
  NetworkInterface interface;
  uint32_t master = 0;
  uint32_t peer_index = 0;
  // How its namespace calls that of the other end; nothing: it is the same.
  std::optional<uint32_t> peer_namespace;
};

// What one namespace says.
struct NamespaceFacts {
  // By number.
  std::map<uint32_t, Link> links;
  // Who is behind an interface: of routes to one address, and of neighbours.
  std::unordered_map<uint32_t, std::vector<Address>> hosts;
  // Neighbours by interface and MAC address, for those behind ports of bridges.
  std::map<std::pair<uint32_t, Mac>, std::vector<Address>> by_mac;
  // MAC addresses behind ports of bridges.
  std::unordered_map<uint32_t, std::vector<Mac>> forwarding;
};

constexpr size_t kMaxEntries = 65'536;

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

void add(std::vector<Address>& list, const std::optional<Address>& address) {
  if (address.has_value() && list.size() < kMaxInterfaceAddresses && std::find(list.begin(), list.end(), *address) == list.end())
    list.push_back(*address);
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

void read_links(Netlink& netlink, uint32_t inode, NamespaceFacts& facts) {
  netlink.dump(RTM_GETLINK, ifinfomsg{}, [&](const ifinfomsg& info, const NetlinkAttributes& attributes) {
    if (facts.links.size() >= kMaxInterfaces) return;
    const NetlinkAttributes details(attributes.find(IFLA_LINKINFO));
    Link link;
    link.interface.id = {inode, static_cast<uint32_t>(info.ifi_index)};
    link.interface.name = text_of(attributes.find(IFLA_IFNAME));
    link.interface.kind = kind_of(text_of(details.find(IFLA_INFO_KIND)), info.ifi_type);
    link.interface.hardware = info.ifi_type;
    link.interface.is_up = (info.ifi_flags & IFF_UP) != 0;
    const auto mac = attributes.find(IFLA_ADDRESS);
    if (mac.size() == 6) link.interface.mac_address.assign(mac.begin(), mac.end());
    link.master = attributes.number(IFLA_MASTER).value_or(0);
    link.peer_index = attributes.number(IFLA_LINK).value_or(0);
    link.peer_namespace = attributes.number(IFLA_LINK_NETNSID);
    facts.links.emplace(link.interface.id.index, std::move(link));
  });
}

void read_addresses(Netlink& netlink, NamespaceFacts& facts) {
  netlink.dump(RTM_GETADDR, ifaddrmsg{}, [&](const ifaddrmsg& info, const NetlinkAttributes& attributes) {
    const auto found = facts.links.find(info.ifa_index);
    if (found == facts.links.end()) return;
    // Of a point-to-point link IFA_ADDRESS is that of the other end.
    const auto own = attributes.find(IFA_LOCAL);
    const auto address = attributes.find(IFA_ADDRESS);
    add(found->second.interface.addresses, address_of(own.empty() ? address : own));
    if (!own.empty() && !std::equal(own.begin(), own.end(), address.begin(), address.end()))
      add(found->second.interface.peer_addresses, address_of(address));
  });
}

void read_neighbours(Netlink& netlink, NamespaceFacts& facts) {
  size_t entries = 0;
  netlink.dump(RTM_GETNEIGH, ndmsg{}, [&](const ndmsg& info, const NetlinkAttributes& attributes) {
    const auto mac = attributes.find(NDA_LLADDR);
    const std::optional<Address> address = address_of(attributes.find(NDA_DST));
    constexpr int kUseless = NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP;
    if (mac.size() != 6 || !address.has_value() || (info.ndm_state & kUseless) != 0 || ++entries > kMaxEntries) return;
    const uint32_t index = static_cast<uint32_t>(info.ndm_ifindex);
    add(facts.hosts[index], address);
    add(facts.by_mac[{index, Mac(mac.begin(), mac.end())}], address);
  });
  ndmsg bridges{};
  bridges.ndm_family = AF_BRIDGE;
  netlink.dump(RTM_GETNEIGH, bridges, [&](const ndmsg& info, const NetlinkAttributes& attributes) {
    const auto mac = attributes.find(NDA_LLADDR);
    // Permanent ones are the bridge's own.
    if (mac.size() != 6 || (info.ndm_state & NUD_PERMANENT) != 0 || ++entries > kMaxEntries) return;
    facts.forwarding[static_cast<uint32_t>(info.ndm_ifindex)].emplace_back(mac.begin(), mac.end());
  });
}

void read_routes(Netlink& netlink, NamespaceFacts& facts) {
  size_t entries = 0;
  netlink.dump(RTM_GETROUTE, rtmsg{}, [&](const rtmsg& info, const NetlinkAttributes& attributes) {
    const std::optional<Address> address = address_of(attributes.find(RTA_DST));
    if (info.rtm_type != RTN_UNICAST || !address.has_value() || info.rtm_dst_len != address->size * 8) return;
    if (++entries > kMaxEntries || !attributes.find(RTA_GATEWAY).empty()) return;
    add(facts.hosts[attributes.number(RTA_OIF).value_or(0)], address);
  });
}

NamespaceFacts read_namespace(uint32_t inode) {
  NamespaceFacts facts;
  Netlink netlink;
  read_links(netlink, inode, facts);
  read_addresses(netlink, facts);
  read_neighbours(netlink, facts);
  read_routes(netlink, facts);
  return facts;
}

// Namespaces by the numbers that one of them has for the others.
using Neighbours = std::unordered_map<uint32_t, const NetworkNamespace*>;

Neighbours neighbours_of(const std::vector<NetworkNamespace>& all) {
  Neighbours neighbours;
  Netlink netlink;
  for (const NetworkNamespace& each : all)
    if (const std::optional<uint32_t> id = netlink.id_of_namespace(each.descriptor())) neighbours.emplace(*id, &each);
  return neighbours;
}

// Who is at the other end, by what this namespace knows.
void guess_peers(const NamespaceFacts& facts, Link& link) {
  std::vector<Address>& peers = link.interface.peer_addresses;
  const uint32_t index = link.interface.id.index;
  if (const auto found = facts.hosts.find(index); found != facts.hosts.end())
    for (const Address& address : found->second) add(peers, address);
  const auto behind = facts.forwarding.find(index);
  if (link.master == 0 || behind == facts.forwarding.end()) return;
  for (const Mac& mac : behind->second)
    if (const auto known = facts.by_mac.find({link.master, mac}); known != facts.by_mac.end())
      for (const Address& address : known->second) add(peers, address);
}

// Interfaces at the other ends of pairs, namespace by namespace, each of which is entered once.
class Peers {
 public:
  Peers(const NetworkNamespace& home, const std::vector<NetworkNamespace>& all) : home_(home), all_(all) {}

  const Link* find(const NamespaceFacts& facts, const Neighbours& neighbours, const Link& link) {
    if (!link.peer_namespace.has_value()) return find_in(facts, link.peer_index);
    const auto found = neighbours.find(*link.peer_namespace);
    if (found == neighbours.end()) return nullptr;
    const NetworkNamespace& other = *found->second;
    const auto [entry, is_new] = read_.try_emplace(other.inode());
    if (is_new)
      other.visit(home_, [&] {
        Netlink netlink;
        read_links(netlink, other.inode(), entry->second);
        read_addresses(netlink, entry->second);
      });
    return find_in(entry->second, link.peer_index);
  }

  const std::vector<NetworkNamespace>& all() const { return all_; }

 private:
  static const Link* find_in(const NamespaceFacts& facts, uint32_t index) {
    const auto found = facts.links.find(index);
    return found == facts.links.end() ? nullptr : &found->second;
  }

  const NetworkNamespace& home_;
  const std::vector<NetworkNamespace>& all_;
  std::map<uint32_t, NamespaceFacts> read_;
};

void find_peers(NamespaceFacts& facts, const Neighbours& neighbours, Peers& peers) {
  for (auto& [index, link] : facts.links) {
    const InterfaceKind kind = link.interface.kind;
    if (kind != InterfaceKind::kVirtualPair && kind != InterfaceKind::kTap) continue;
    const Link* peer = kind == InterfaceKind::kVirtualPair ? peers.find(facts, neighbours, link) : nullptr;
    if (peer != nullptr)
      for (const Address& address : peer->interface.addresses) add(link.interface.peer_addresses, address);
    if (link.interface.peer_addresses.empty()) guess_peers(facts, link);
  }
}

}  // namespace

std::vector<NetworkInterface> read_interfaces(const NetworkNamespace& home,
                                              const std::vector<const NetworkNamespace*>& namespaces) {
  const std::vector<NetworkNamespace> all = NetworkNamespace::all();
  Peers peers(home, all);
  std::vector<NetworkInterface> found;
  for (const NetworkNamespace* each : namespaces) {
    NamespaceFacts facts;
    Neighbours neighbours;
    each->visit(home, [&] {
      facts = read_namespace(each->inode());
      neighbours = neighbours_of(all);
    });
    find_peers(facts, neighbours, peers);
    for (auto& [index, link] : facts.links) {
      std::sort(link.interface.peer_addresses.begin(), link.interface.peer_addresses.end(),
                [](const Address& left, const Address& right) { return left.bytes < right.bytes; });
      if (found.size() < kMaxInterfaces) found.push_back(std::move(link.interface));
    }
  }
  return found;
}

}  // namespace spanloom::packets
