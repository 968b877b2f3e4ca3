// SPDX-License-Identifier: Apache-2.0
#include "interface-reader.h"

#include <algorithm>

#include "netlink.h"

namespace spanloom::packets {
namespace {

// Adds the addresses that a table has for a key.
template <typename Table, typename Key>
void add_known(std::vector<Address>& list, const Table& table, const Key& key) {
  if (const auto found = table.find(key); found != table.end())
    for (const Address& address : found->second) add_address(list, address);
}

// Which lists of a namespace were not whole.
struct Failures {
  std::string interrupted;
  std::string failed;

  void note(ListResult result, const char* name) {
    if (result == ListResult::kWhole) return;
    std::string& names = result == ListResult::kInterrupted ? interrupted : failed;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
};

// Who is at the other end, by what this namespace knows.
void guess_peers(const RouteList& routes, const NeighbourList& neighbours, const ForwardingList& forwarding, const Link& link,
                 std::vector<Address>& peers) {
  const uint32_t index = link.interface.id.index;
  add_known(peers, neighbours.hosts, index);
  add_known(peers, routes.hosts, index);
  const auto behind = forwarding.behind.find(index);
  if (link.master == 0 || behind == forwarding.behind.end()) return;
  for (const Mac& mac : behind->second) add_known(peers, neighbours.by_mac, std::pair(link.master, mac));
}

}  // namespace

std::vector<NetworkInterface> InterfaceReader::read(const NetworkNamespace& home,
                                                    const std::vector<const NetworkNamespace*>& namespaces) {
  problems_.clear();
  read_.clear();
  Round round{home, NetworkNamespace::all(), {}};
  if (!round.all.has_value())
    problems_.push_back("Network namespaces cannot be listed: this process has no file descriptors left.");
  else
    for (const NetworkNamespace& each : *round.all) round.by_inode.emplace(each.inode(), &each);
  for (const NetworkNamespace* each : namespaces) read_namespace(round, *each);
  std::vector<NetworkInterface> found;
  for (const NetworkNamespace* each : namespaces) {
    const Facts& facts = known_.at(each->inode());
    for (const auto& [index, link] : facts.links.list.links)
      if (found.size() < kMaxInterfaces) found.push_back(interface_of(round, facts, each->inode(), link));
  }
  std::erase_if(known_, [this](const auto& entry) { return !read_.contains(entry.first); });
  return found;
}

void InterfaceReader::read_namespace(const Round& round, const NetworkNamespace& one) {
  if (!read_.insert(one.inode()).second) return;
  Facts& facts = known_[one.inode()];
  Failures failures;
  const bool is_entered = one.visit(round.home, [&] {
    Netlink netlink;
    failures.note(netlink.read(facts.links), "interfaces");
    failures.note(netlink.read(facts.addresses), "addresses");
    failures.note(netlink.read(facts.neighbours), "neighbours");
    failures.note(netlink.read(facts.forwarding), "forwarding tables");
    failures.note(netlink.read(facts.routes), "routes");
    if (!round.all.has_value()) return;
    std::map<int32_t, uint32_t> numbers;
    for (const NetworkNamespace& other : *round.all) {
      const std::optional<int32_t> number = netlink.id_of_namespace(other.descriptor());
      if (!number.has_value()) return failures.note(ListResult::kFailed, "numbers of namespaces");
      if (*number >= 0) numbers.emplace(*number, other.inode());
    }
    facts.namespaces = std::move(numbers);
  });
  report(one, is_entered, failures.interrupted, failures.failed);
}

// Of a namespace that has the other ends of pairs. One that may not be entered is no problem: peers are guessed.
void InterfaceReader::read_ends(const Round& round, const NetworkNamespace& one) {
  if (!read_.insert(one.inode()).second) return;
  Facts& facts = known_[one.inode()];
  Failures failures;
  one.visit(round.home, [&] {
    Netlink netlink;
    failures.note(netlink.read(facts.links), "interfaces");
    failures.note(netlink.read(facts.addresses), "addresses");
  });
  report(one, true, failures.interrupted, failures.failed);
}

void InterfaceReader::report(const NetworkNamespace& one, bool is_entered, const std::string& interrupted,
                             const std::string& failed) {
  const std::string name = "the network namespace net:[" + std::to_string(one.inode()) + "]";
  const std::string kept = "; what was known is kept.";
  if (!is_entered) problems_.push_back("The interfaces of " + name + " cannot be read, it may not be entered" + kept);
  if (!failed.empty()) problems_.push_back("Lists of " + name + " cannot be read (" + failed + ")" + kept);
  if (!interrupted.empty())
    problems_.push_back("Lists of " + name + " changed each time while they were read (" + interrupted + ")" + kept);
}

void InterfaceReader::add_other_end(const Round& round, const Facts& facts, const Link& link, std::vector<Address>& peers) {
  const Facts* other = &facts;
  if (link.peer_namespace.has_value()) {
    const auto inode = facts.namespaces.find(*link.peer_namespace);
    if (inode == facts.namespaces.end()) return;
    if (const auto open = round.by_inode.find(inode->second); open != round.by_inode.end()) read_ends(round, *open->second);
    const auto known = known_.find(inode->second);
    if (known == known_.end()) return;
    read_.insert(known->first);
    other = &known->second;
  }
  if (other->links.list.links.contains(link.peer_index)) add_known(peers, other->addresses.list.own, link.peer_index);
}

NetworkInterface InterfaceReader::interface_of(const Round& round, const Facts& facts, uint32_t inode, const Link& link) {
  NetworkInterface made = link.interface;
  const uint32_t index = made.id.index;
  made.id.network_namespace = inode;
  add_known(made.addresses, facts.addresses.list.own, index);
  std::vector<Address>& peers = made.peer_addresses;
  add_known(peers, facts.addresses.list.peers, index);
  if (made.kind == InterfaceKind::kVirtualPair) add_other_end(round, facts, link, peers);
  if (peers.empty() && (made.kind == InterfaceKind::kVirtualPair || made.kind == InterfaceKind::kTap))
    guess_peers(facts.routes.list, facts.neighbours.list, facts.forwarding.list, link, peers);
  std::sort(peers.begin(), peers.end(), [](const Address& left, const Address& right) { return left.bytes < right.bytes; });
  return made;
}

}  // namespace spanloom::packets
